/** Figures that the benchmarks print; expected values from the Python tools (evaluate.py, reference.py) and by hand. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cosine, ndcg, readCranfield, readStsBenchmark, spearman } from '../../../bench/quality/evaluation.mjs'

test('cosine does not depend on lengths', () => {
  expect(cosine([3, 4], [8, 6])).toBeCloseTo(0.96, 12)
  expect(cosine([1, 0], [0, 5])).toBe(0)
})

describe("Spearman's correlation", () => {
  test('of equal and of opposite order', () => {
    expect(spearman([1, 2, 3, 10], [-5, 0, 7, 8])).toBeCloseTo(1, 12)
    expect(spearman([1, 2, 3, 10], [4, 3, 2, 1])).toBeCloseTo(-1, 12)
  })

  test('ties share their mean rank', () => {
    expect(spearman([1, 2, 2, 4, 5, 3.5], [0.1, 0.9, 0.3, 0.8, 0.8, -1])).toBeCloseTo(0.2647058823529412, 12)
  })
})

describe('nDCG', () => {
  /** Of four relevant documents. */
  const IDEAL = 1 + 1 / Math.log2(3) + 1 / 2 + 1 / Math.log2(5)
  const scores = [0.9, 0.1, 0.8, NaN, 0.7, 0.8, 0.2]

  test('a relevant document that is never found lowers it; of equal scores the first comes first', () => {
    expect(ndcg(scores, new Set([2, 4, 1, 3]))).toBeCloseTo(
      (1 / Math.log2(3) + 1 / Math.log2(5) + 1 / Math.log2(7)) / IDEAL,
      12,
    )
  })

  test('only the best count', () => {
    expect(ndcg(scores, new Set([2, 4, 1, 3]), 3)).toBeCloseTo(0.2960819109658652, 12)
  })

  test('is 1 where all that is relevant comes first', () => {
    expect(ndcg([3, 2, 1], new Set([0, 1]))).toBe(1)
  })
})

describe('collections', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'evaluation-test-'))
    const write = (file: string, content: string): void => {
      writeFileSync(join(folder, file), content)
    }
    write(
      'cran.all.1400',
      '.I 1\n.T\nslip flow .\n.A\nting,l.\n.B\nj. 1957\n.W\nslip flow .\n  a study , in\nshort .\n' +
        '.I 2\n.T\na title .\n.A\n.B\n.W\nother words .\n.I 3\n.T\n.A\n.B\n.W\n',
    )
    write('cran.qry', '.I 001\r\n.W\r\nwhat is\r\nslip .\r\n.I 004\r\n.W\r\nwhat else .\r\n')
    write('cranqrel', '1 2 3 \n1 3 -1\n2 1 1\n')
    write('sts.csv', 'g\tf\t2012\t1\t3.5\tA "b.\tC d.\r\ng\tf\t2012\t2\t0\tx\ty\tlicence\n')
  })
  afterAll(() => {
    rmSync(folder, { recursive: true })
  })

  test('Cranfield: titles once, line breaks and loose marks mended, queries by their order', () => {
    expect(readCranfield(folder)).toEqual({
      documents: ['slip flow. a study, in short.', 'a title. other words.', ''],
      queries: ['what is slip.', 'what else.'],
      relevant: new Map([
        [0, new Set([1])],
        [1, new Set([0])],
      ]),
    })
  })

  test('STS-B: quotes are text, further columns are passed over', () => {
    expect(readStsBenchmark(join(folder, 'sts.csv'))).toEqual([
      { score: 3.5, first: 'A "b.', second: 'C d.' },
      { score: 0, first: 'x', second: 'y' },
    ])
  })
})
