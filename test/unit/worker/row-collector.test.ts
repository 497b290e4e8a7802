import { expect, test } from 'vitest'
import { decodeBase64Embedding } from '../../../src/openai/encode.ts'
import { collectRows } from '../../../src/worker/row-collector.ts'

const rows = (...values: number[]): Float32Array => Float32Array.from(values)

test('a batch that holds all rows in their order is taken as it is', () => {
  const collector = collectRows('float', 2, 2)
  const batch = rows(1, 2, 3, 4)
  collector.take(Int32Array.of(0, 1), batch)
  expect(collector.vectors).toEqual({ format: 'float', rows: batch, dimensions: 2 })
  expect(collector.vectors.rows).toBe(batch)
})

test.each([
  ['in another order', [[2, 0, 1]]],
  ['in two batches', [[1], [2, 0]]],
  ['one by one', [[2], [1], [0]]],
])('rows that come %s stand at the places of their inputs', (_how, batches) => {
  const float = collectRows('float', 3, 2)
  const base64 = collectRows('base64', 3, 2)
  for (const positions of batches) {
    const batch = rows(...positions.flatMap((position) => [position + 0.5, -position]))
    float.take(Int32Array.from(positions), batch)
    base64.take(Int32Array.from(positions), batch)
  }
  expect(float.vectors.rows).toEqual(rows(0.5, -0, 1.5, -1, 2.5, -2))
  expect((base64.vectors.rows as string[]).map((row) => Array.from(decodeBase64Embedding(row)))).toEqual([
    [0.5, -0],
    [1.5, -1],
    [2.5, -2],
  ])
})

test('an input that repeats another gets its row', () => {
  for (const format of ['float', 'base64'] as const) {
    const collector = collectRows(format, 3, 1)
    collector.take(Int32Array.of(0, 1), rows(7, 8))
    collector.repeat(2, 1)
    const { vectors } = collector
    const values =
      vectors.format === 'float' ? vectors.rows : vectors.rows.map((row) => decodeBase64Embedding(row)[0])
    expect(Array.from(values)).toEqual([7, 8, 8])
  }
})
