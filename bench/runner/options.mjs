/** What `npm run bench` is asked for on the command line. */

import { parseArgs } from 'node:util'

/** What can be counted otherwise: by the option's name, its default, and what it counts. */
const counts = {
  texts: [256, 'passages that all settings of throughput embed'],
  rounds: [3, 'rounds of everything that runs in rounds'],
  'large-texts': [2048, 'passages of the large request: throughput, queue'],
  'peer-sample': [128, 'of these, what transformers.js embeds one by one, evenly drawn'],
  calls: [200, 'queries each, for latency and under load'],
  'start-rounds': [4, 'visits with everything stored'],
  requests: [10_000, 'requests for memory, on the CPU encoder'],
  'peer-requests': [500, 'the same for onnxruntime and transformers.js'],
  cycles: [50, 'loads and unloads for memory'],
  rows: [100_000, 'vectors to search'],
}

/**
 * @typedef {Record<keyof typeof counts, number> & { thorough: boolean }} Options
 */

/** @param {{ name: string, about: string, seconds: number }[]} benchmarks */
export function helpText(benchmarks) {
  const total = benchmarks.reduce((sum, { seconds }) => sum + seconds, 0)
  const rows = (list) => {
    const width = Math.max(...list.map(([name]) => name.length))
    return list.map(([name, what]) => `  ${name.padEnd(width)}  ${what}`)
  }
  return [
    'npm run bench -- [benchmark …] [options]',
    '',
    'This library beside transformers.js in a real Chromium: tables on the terminal and in bench/results/. Asserts nothing',
    `about time. All of it takes about ${Math.round(total / 60)} minutes on two cores, on which nothing else should run; writes summary.md and`,
    'summary.json. With names, only those benchmarks run, and the summary stays as it is.',
    '',
    ...rows(benchmarks.map(({ name, about, seconds }) => [name, `${about} (${seconds} s)`])),
    '',
    'options:',
    ...rows([
      ...Object.entries(counts).map(([name, [value, what]]) => [`--${name} N`, `${what}; default ${value}`]),
      [
        '--thorough',
        'what is left out for its time: every backend in quality and memory, every round of throughput',
      ],
      ['--help', 'this text'],
    ]),
    '',
    'environment:',
    ...rows([
      [
        'BENCH_PYTHON',
        'a Python with onnxruntime and numpy, for native; else python3, and without them it is left out',
      ],
      ['CHROMIUM_PATH', 'which Chromium to measure in'],
    ]),
  ].join('\n')
}

/**
 * @param {string[]} args of the command line
 * @param {string[]} names of all benchmarks
 * @returns {{ help: boolean, names: string[], options: Options }}
 * @throws {Error} for what is not known or no positive integer
 */
export function readOptions(args, names) {
  const { values, positionals } = parseArgs({
    args,
    options: {
      ...Object.fromEntries(Object.keys(counts).map((name) => [name, { type: 'string' }])),
      thorough: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  })
  const unknown = positionals.filter((name) => !names.includes(name))
  if (unknown.length > 0) throw new Error(`no benchmark ${unknown.join(', ')}; there are ${names.join(', ')}`)
  const options = { thorough: values.thorough }
  for (const [name, [standard]] of Object.entries(counts)) {
    const value = Number(values[name] ?? standard)
    if (!Number.isInteger(value) || value <= 0)
      throw new Error(`--${name} must be a positive integer; got ${values[name]}`)
    options[name] = value
  }
  return { help: values.help, names: positionals, options }
}
