import { beforeAll, describe, expect, it } from 'vitest'
import type { EmbeddingSession } from '../../../src/engine/embedding-session.ts'
import type { EncoderModule } from '../../../src/simd/encoder-module.ts'
import { createSimdSession, type SimdSessionConfig } from '../../../src/simd/session.ts'
import { agreement, fileBytes, hasFile, plainModule, referenceRows, runAlone } from './reference.ts'

const OURS = 'models/all-MiniLM-L6-v2/onnx/model_q8_wasm.onnx'
const OURS_FOR_WEBGPU = 'models/all-MiniLM-L6-v2/onnx/model_q8_webgpu.onnx'
const FP32 = 'test/fixtures/reference/all-MiniLM-L6-v2.fp32.json'

const pooledConfig = (path: string): SimdSessionConfig => ({
  model: fileBytes(path),
  output: 'sentence_embedding',
  pooled: true,
  pooling: 'mean',
  width: 384,
  maxTokens: 512,
})

let module: EncoderModule
beforeAll(async () => {
  module = await plainModule()
})

describe('all-MiniLM-L6-v2 of models/', () => {
  it.each([
    // int8 for each output channel, smoothing factors in the file
    [OURS, 0.9985, 0.994],
    // 8-bit blocks: the WebGPU graph
    [OURS_FOR_WEBGPU, 0.998, 0.99],
  ])('%s agrees with the unquantised model', async (path, mean, minimum) => {
    const found = await agreement(await createSimdSession(module, pooledConfig(path)), referenceRows(FP32))
    console.log(path, 'cosine to fp32', found)
    expect(found.mean).toBeGreaterThan(mean)
    expect(found.minimum).toBeGreaterThan(minimum)
  })
})

describe('the hub files', () => {
  const hub = [
    { name: 'all-MiniLM-L6-v2', pooling: 'mean', mean: 0.991, minimum: 0.975 },
    { name: 'bge-small-en-v1.5', pooling: 'cls', mean: 0.995, minimum: 0.985 },
    { name: 'e5-small-v2', pooling: 'mean', mean: 0.997, minimum: 0.995 },
  ] as const
  it.each(hub)('$name agrees with onnxruntime on the same file', async ({ name, pooling, mean, minimum }) => {
    const path = `../shared/models/Xenova/${name}/onnx/model_quantized.onnx`
    const reference = `../shared/reference/${name}.q8.json`
    if (!hasFile(path) || !hasFile(reference)) {
      console.warn(`${path} is not on this machine: left out`)
      return
    }
    const config = {
      model: fileBytes(path),
      output: 'last_hidden_state',
      pooled: false,
      pooling,
      width: 384,
      maxTokens: 512,
    }
    const found = await agreement(await createSimdSession(module, config), referenceRows(reference))
    console.log(name, 'cosine to onnxruntime q8', found)
    // The reference rounds activations more coarsely than this session does: neither is nearer than this to the other.
    expect(found.mean).toBeGreaterThan(mean)
    expect(found.minimum).toBeGreaterThan(minimum)
  })
})

describe('a session', () => {
  let session: EmbeddingSession
  beforeAll(async () => {
    session = await createSimdSession(module, pooledConfig(OURS))
  })

  it('gives a text the same bits alone and in any batch', async () => {
    const texts = referenceRows(FP32).map(({ tokens }) => tokens)
    const alone = await Promise.all(texts.map((tokens) => runAlone(session, tokens)))
    for (const order of [texts.map((_, index) => index), texts.map((_, index) => texts.length - 1 - index)]) {
      const ids = Int32Array.from(order.flatMap((index) => [...texts[index]!]))
      const rows = await session.run({ ids, lengths: Int32Array.from(order, (index) => texts[index]!.length) })
      for (const [row, index] of order.entries()) {
        expect(rows.slice(row * 384, (row + 1) * 384)).toEqual(alone[index])
      }
    }
  })

  it('takes every length from 1 to 512', async () => {
    for (let length = 1; length <= 512; length += length < 40 ? 1 : 59) {
      const vector = await runAlone(
        session,
        Int32Array.from({ length }, (_, at) => 1000 + ((at * 7919) % 20_000)),
      )
      const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
      expect([length, Math.abs(norm - 1) < 1e-5]).toEqual([length, true])
    }
  })

  it.each([
    ['a token beyond the table', [101, 30_522, 102], [3]],
    ['a negative token', [101, -1, 102], [3]],
    ['no tokens', [], [0]],
    ['a text beyond 512 tokens', Array.from({ length: 513 }, () => 1000), [513]],
    ['lengths that do not fit the ids', [101, 102], [3]],
    ['a negative length', [101, 102], [3, -1]],
  ])('refuses %s', async (_, ids, lengths) => {
    await expect(session.run({ ids: Int32Array.from(ids), lengths: Int32Array.from(lengths) })).rejects.toThrow(
      expect.objectContaining({ code: 'inference_failed' }),
    )
  })

  it('runs no more once it is disposed', async () => {
    const other = await createSimdSession(module, pooledConfig(OURS))
    await other.dispose()
    await expect(runAlone(other, Int32Array.of(101, 102))).rejects.toThrow(/disposed/)
  })
})

describe('what the encoder does not know', () => {
  it.each([
    ['another width', { width: 768 }, /no layer normalisation/],
    ['an output that is not there', { output: 'pooler_output' }, /no output pooler_output/],
    [
      'token vectors where it expects pooled ones',
      { output: 'encoder.layer.5.output.norm' },
      /no pooling of token vectors/,
    ],
    [
      'texts longer than its positions',
      { maxTokens: 513 },
      /texts have up to 513 tokens, and the encoder takes 512/,
    ],
    ['pooled vectors where it expects token vectors', { pooled: false }, /no layer normalisation/],
    [
      'another pooling than the graph has',
      { pooling: 'cls' },
      /no pooling of token vectors that is known \(cls\)/,
    ],
  ] as const)('%s', async (_, change, reason) => {
    const refused = createSimdSession(module, { ...pooledConfig(OURS), ...change })
    await expect(refused).rejects.toThrow(reason)
    await expect(refused).rejects.toMatchObject({ code: 'unsupported_environment' })
  })
})
