/** Untrusted bytes: a damaged file is refused with a reason or makes vectors of no worth, and never does anything else. */

import { beforeAll, describe, expect, it } from 'vitest'
import { recognizeBert } from '../../../src/simd/bert/recognize.ts'
import type { EncoderModule } from '../../../src/simd/encoder-module.ts'
import { readOnnx } from '../../../src/engine/onnx/graph.ts'
import { OnnxFileError } from '../../../src/engine/onnx/onnx-file-error.ts'
import { Message } from '../../../src/engine/onnx/protobuf.ts'
import { createSimdSession, type SimdSessionConfig } from '../../../src/simd/session.ts'
import { UnsupportedModelError } from '../../../src/simd/unsupported-model.ts'
import { fileBytes, plainModule, runAlone } from './reference.ts'

const FILE = 'test/fixtures/simd/one-layer.onnx'
const EXPECTED = {
  output: 'last_hidden_state',
  pooled: false,
  pooling: 'mean',
  width: 32,
  maxTokens: 3,
} as const

let module: EncoderModule
beforeAll(async () => {
  module = await plainModule()
})

/** The same damage at every run. */
function makeRandom(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

/** True where the file still makes a session, which then runs; false where it is refused with a reason. */
async function survives(
  bytes: Uint8Array,
  expected: Omit<SimdSessionConfig, 'model'> = EXPECTED,
): Promise<boolean> {
  try {
    const session = await createSimdSession(module, { ...expected, model: bytes.slice().buffer })
    const vector = await runAlone(session, Int32Array.of(1, 2, 3))
    expect(vector).toHaveLength(32)
    return true
  } catch (error) {
    // Anything else (a TypeError, a RangeError, a trap in WebAssembly) would be a hole.
    expect(error).toMatchObject({ code: 'unsupported_environment' })
    const { cause } = error as Error
    expect(cause instanceof UnsupportedModelError || cause instanceof OnnxFileError).toBe(true)
    return false
  }
}

describe('damaged files', () => {
  const file = new Uint8Array(fileBytes(FILE))

  it('undamaged, the file is read', async () => {
    expect(await survives(file)).toBe(true)
  })

  it.each([1, 2, 3, 4])('single bytes changed, run %d', async (seed) => {
    const random = makeRandom(seed)
    let refused = 0
    for (let round = 0; round < 500; round++) {
      const bytes = file.slice()
      // The nodes come first, the constants' raw numbers after them: most damage is to hit the structure.
      const reach = round % 5 === 0 ? bytes.length : 9000
      for (let change = 0; change <= round % 4; change++) bytes[random(reach)] = random(256)
      if (!(await survives(bytes))) refused++
    }
    expect(refused).toBeGreaterThan(100)
  })

  it('cut short anywhere', async () => {
    const random = makeRandom(5)
    for (let round = 0; round < 300; round++)
      expect(await survives(file.subarray(0, random(file.length)))).toBe(false)
  })

  it('pieces moved, doubled and left out', async () => {
    const random = makeRandom(6)
    for (let round = 0; round < 300; round++) {
      const [from, to, length] = [random(9000), random(9000), random(400)]
      const bytes = file.slice()
      if (round % 2 === 0) bytes.copyWithin(to, from, from + length)
      else bytes.copyWithin(from, from + length)
      await survives(bytes)
    }
  })

  it.each(['distilbert', 'gemm', 'pooled-mean', 'qdq', 'roberta-sdpa'])('bytes of %s changed', async (form) => {
    const random = makeRandom(7)
    const whole = new Uint8Array(fileBytes(`test/fixtures/simd/forms/${form}.onnx`))
    const expected = {
      ...EXPECTED,
      output: null,
      pooled: null,
      pooling: form === 'roberta-sdpa' ? 'cls' : 'mean',
    } as const
    expect(await survives(whole, expected)).toBe(true)
    let refused = 0
    for (let round = 0; round < 250; round++) {
      const bytes = whole.slice()
      for (let change = 0; change <= round % 3; change++) bytes[random(6000)] = random(256)
      if (!(await survives(bytes, expected))) refused++
    }
    expect(refused).toBeGreaterThan(50)
  })

  it.each([
    ['nothing', []],
    ['zeros', new Array<number>(100).fill(0)],
    ['a page of HTML', [...new TextEncoder().encode('<!doctype html><title>404</title>')]],
    ['a length beyond the end', [0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['a length beyond 2^53', [0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['a negative length', [0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['a number without end', new Array<number>(20).fill(0xff)],
    ['an unknown wire type', [0x3f]],
  ])('%s', async (_, bytes) => {
    expect(await survives(Uint8Array.from(bytes))).toBe(false)
  })
})

describe('numbers of the wire format', () => {
  const integer = (...bytes: number[]): number => {
    const message = new Message(Uint8Array.from([8, ...bytes]))
    message.next()
    return message.integer()
  }
  it.each([
    [[0], 0],
    [[0x7f], 127],
    [[0xac, 0x02], 300],
    [[0xff, 0xff, 0xff, 0xff, 0x07], 2 ** 31 - 1],
    [[0x80, 0x80, 0x80, 0x80, 0x10], 2 ** 32],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], -1],
    [[0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], -128],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], 2 ** 53 - 1],
  ])('%o', (bytes, value) => {
    expect(integer(...bytes)).toBe(value)
  })
})

describe('graphs of other models', () => {
  /** Replaces a text by another of the same length wherever it stands, so that every length in the file stays right. */
  function renamed(from: string, to: string): Uint8Array {
    const text = Buffer.from(fileBytes(FILE)).toString('latin1').replaceAll(from, to)
    return Uint8Array.from(Buffer.from(text, 'latin1'))
  }
  it.each([
    ['another activation', 'Erf', 'Sin', /no GELU/],
    ['another normalisation', 'Sqrt', 'Tanh', /no layer normalisation/],
    ['no softmax', 'Softmax', 'Sigmoid', /no attention/],
    ['a mask made of something else', 'attention_mask', 'attention_bias', /no attention/],
    ['rows of another input', 'input_ids', 'other_ids', /neither a layer nor embeddings/],
    ['another order of heads', 'perm', 'pern', /no attention/],
  ])('%s', (_, from, to, reason) => {
    expect(() => recognizeBert(readOnnx(renamed(from, to)), EXPECTED)).toThrow(reason)
  })
})
