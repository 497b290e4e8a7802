/**
 * What rounding costs on real tasks. The plain build runs here, whose bits are those of the other one; figures of the
 * unquantised model are those of native onnxruntime (bench/quality/reference.py).
 */

import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { ndcg, readCranfield, readStsBenchmark, spearman } from '../../../bench/quality/evaluation.mjs'
import type { EmbeddingSession } from '../../../src/engine/embedding-session.ts'
import { Tokenizer } from '../../../src/engine/tokenizer.ts'
import { createSimdSession } from '../../../src/simd/session.ts'
import { cosine } from '../../../src/vectors/similarity.ts'
import { fileBytes, hasFile, plainModule, runAlone } from './reference.ts'

const MODEL = 'models/all-MiniLM-L6-v2'
const DATA = '../shared/data'
/** Cranfield has some 300,000 tokens: minutes in this build. */
const whole = process.env['QUALITY'] === 'all'

const readJson = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8'))
const pathOf = (path: string): string => new URL(`../../../${path}`, import.meta.url).pathname
const unquantized = readJson('bench/quality/reference.json') as {
  stsDevSpearman: number
  cranfieldNdcg10: number
}

let session: EmbeddingSession
let tokenizer: Tokenizer
beforeAll(async () => {
  session = await createSimdSession(await plainModule(), {
    model: fileBytes(`${MODEL}/onnx/model_q8_wasm.onnx`),
    output: 'sentence_embedding',
    pooled: true,
    pooling: 'mean',
    width: 384,
    maxTokens: 256,
  })
  const files = [readJson(`${MODEL}/tokenizer.json`), readJson(`${MODEL}/tokenizer_config.json`)] as const
  tokenizer = new Tokenizer(...files, { maxTokens: 256, vocabSize: 30_522 })
})

const embed = (text: string): Promise<Float32Array> =>
  runAlone(session, tokenizer.encodeText(text, { truncate: true, item: 'input' }))

describe('tasks', () => {
  if (!hasFile(`${DATA}/README.md`)) console.log('left out, as ../shared/data is not here: STS-B and Cranfield')
  else {
    it('STS-B dev: Spearman within 0.002 of the unquantised model', { timeout: 300_000 }, async () => {
      const pairs = readStsBenchmark(pathOf(`${DATA}/stsbenchmark/sts-dev.csv`))
      const cosines: number[] = []
      for (const { first, second } of pairs) cosines.push(cosine(await embed(first), await embed(second)))
      const found = spearman(
        cosines,
        pairs.map(({ score }) => score),
      )
      console.log(
        `STS-B dev, ${String(pairs.length)} pairs: ${found.toFixed(5)}, unquantised ${String(unquantized.stsDevSpearman)}`,
      )
      expect(pairs).toHaveLength(1500)
      expect(Math.abs(found - unquantized.stsDevSpearman)).toBeLessThan(0.002)
    })

    if (!whole) console.log('left out without QUALITY=all: Cranfield on the CPU encoder')
    else {
      it('Cranfield: nDCG@10 within 0.003 of the unquantised model', { timeout: 900_000 }, async () => {
        const { documents, queries, relevant } = readCranfield(pathOf(`${DATA}/cranfield`))
        const vectors: (Float32Array | null)[] = []
        for (const text of documents) vectors.push(text === '' ? null : await embed(text))
        const gains: number[] = []
        for (const [query, wanted] of relevant) {
          const asked = await embed(queries[query] ?? '')
          const scores = vectors.map((vector) => (vector === null ? NaN : cosine(vector, asked)))
          gains.push(ndcg(scores, wanted))
        }
        const found = gains.reduce((sum, gain) => sum + gain, 0) / gains.length
        console.log(
          `Cranfield, ${String(documents.length)} documents: ${found.toFixed(5)}, unquantised ${String(unquantized.cranfieldNdcg10)}`,
        )
        expect(found).toBeGreaterThan(unquantized.cranfieldNdcg10 - 0.003)
      })
    }
  }
})
