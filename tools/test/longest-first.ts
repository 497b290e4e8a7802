/** The order of test files: a long one that starts last keeps one core waiting for the other. */

import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** By path; measured with `npm test` on two cores, 17 to 62 s each. Vitest alone goes by the size of the file. */
const LONGEST = [
  'test/unit/simd/quality.test.ts',
  'test/browser/life.test.ts',
  'test/browser/architectures.test.ts',
  'test/browser/stored-files.test.ts',
  'test/browser/simd.test.ts',
  'test/browser/shared-weights.test.ts',
  'test/browser/hub-models.test.ts',
  'test/browser/transformers-cache.test.ts',
]

/** Vitest's own order, with the longest files before all others. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = LONGEST.findIndex((path) => moduleId.endsWith(path))
      return place === -1 ? LONGEST.length : place
    }
    // Stable: of the others, Vitest's order stays.
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}
