/** Code in the README that names a file of `examples/` is that file. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** A heading line such as `**[examples/fetch.ts](examples/fetch.ts)**` or a link, and the code block after it. */
const printed = [
  ...read('README.md').matchAll(/\]\((examples\/[\w/.-]+\.[tj]s)\)[^\n]*\n+```[tj]s\n(.*?)```/gs),
]

test.each(printed.map(([, path, code]) => [path!, code!]))('the README prints %s as it is', (path, code) => {
  expect(code).toBe(read(path))
})

test('every example is short', () => {
  for (const [, , code] of printed) expect(code!.trim().split('\n').length).toBeLessThanOrEqual(12)
})
