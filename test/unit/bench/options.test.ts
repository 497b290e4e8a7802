/** The command line of `npm run bench`. */

import { describe, expect, test } from 'vitest'
import { helpText, readOptions } from '../../../bench/runner/options.mjs'

const NAMES = ['throughput', 'quality']

describe('options', () => {
  test('nothing given: everything, in the usual counts', () => {
    const { help, names, options } = readOptions([], NAMES)
    expect({ help, names }).toEqual({ help: false, names: [] })
    expect(options).toMatchObject({
      texts: 256,
      'large-texts': 2048,
      requests: 10_000,
      cycles: 50,
      thorough: false,
    })
  })

  test('names and counts in any order', () => {
    const { names, options } = readOptions(['--rounds', '5', 'quality', '--thorough'], NAMES)
    expect(names).toEqual(['quality'])
    expect(options).toMatchObject({ rounds: 5, texts: 256, thorough: true })
  })

  test.each([
    [['speed'], 'no benchmark speed; there are throughput, quality'],
    [['--rounds', 'many'], '--rounds must be a positive integer; got many'],
    [['--rounds', '0'], '--rounds must be a positive integer; got 0'],
    [['--texts', '1.5'], '--texts must be a positive integer; got 1.5'],
    [['--turns', '3'], "Unknown option '--turns'"],
  ])('%s is refused', (args, message) => {
    expect(() => readOptions(args, NAMES)).toThrow(message)
  })
})

test('the help names every benchmark with its time, and the time of all', () => {
  const text = helpText([
    { name: 'throughput', about: 'passages', seconds: 400 },
    { name: 'quality', about: 'vectors', seconds: 80 },
  ])
  expect(text).toContain('about 8 minutes')
  expect(text).toMatch(/^ {2}throughput {2}passages \(400 s\)$/m)
  expect(text).toMatch(/^ {2}quality {5}vectors \(80 s\)$/m)
  expect(text).toMatch(/^ {2}--large-texts N +passages .*; default 2048$/m)
})
