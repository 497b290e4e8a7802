/** From the worker to the page: 2,048 vectors of 384 dimensions in each form, time and bytes. */

import { openPage, withBrowser } from '../runner/browser.mjs'
import { spread } from '../runner/statistics.mjs'
import { askThreads } from '../runner/threads.mjs'

const INPUTS = 2048
const ROUNDS = 10

const forms = [
  { form: 'matrix', label: 'this library, createMatrix: one Float32Array' },
  { form: 'base64', label: "this library, encoding_format: 'base64'" },
  { form: 'float', label: "this library, encoding_format: 'float': number[] each" },
  { form: 'list', label: 'transformers.js in a worker, tolist(): number[] each' },
]

const measure = (page, form) =>
  page.evaluate(([name, inputs]) => globalThis.transportBench.measure(name, inputs), [form, INPUTS])

async function bytesSent(page) {
  const answers = await askThreads(page, 'messages')
  const sum = (name) => answers.reduce((total, answer) => total + answer[name], 0)
  return { copied: sum('copiedBytes'), handedOver: sum('handedOverBytes') }
}

/** Bytes of one call: all that any thread of this library sends, inputs included. */
async function countBytes(origin) {
  return withBrowser({}, async (context) => {
    const page = await openPage(context, `${origin}/counts/transport.html`, 'transportBench')
    const bytes = new Map()
    for (const { form } of forms.filter(({ form: name }) => name !== 'list')) {
      await measure(page, form)
      const before = await bytesSent(page)
      await measure(page, form)
      const after = await bytesSent(page)
      bytes.set(form, {
        copied: after.copied - before.copied,
        handedOver: after.handedOver - before.handedOver,
      })
    }
    return bytes
  })
}

async function takeTimes(origin) {
  return withBrowser({}, async (context) => {
    const page = await openPage(context, `${origin}/bench/transport.html`, 'transportBench')
    const times = new Map(forms.map(({ form }) => [form, []]))
    for (let round = -2; round < ROUNDS; round++) {
      for (const { form } of forms) {
        const outcome = await measure(page, form)
        if (round >= 0) times.get(form).push(outcome)
      }
    }
    return times
  })
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`

export const pageModes = ['bench', 'counts']

/** @param {import('../run.mjs').Surroundings} surroundings */
export async function run({ isolatedServer: { origin } }) {
  const bytes = await countBytes(origin)
  const times = await takeTimes(origin)
  const list = (form, key) => times.get(form).map((outcome) => outcome[key])
  return {
    tables: [
      {
        title: `Transport: ${INPUTS} vectors of 384 dimensions`,
        columns: ['form', 'ms', 'page blocked, ms', 'copied between threads', 'handed over'],
        rows: forms.map(({ form, label }) => [
          label,
          spread(list(form, 'taken'), 1),
          spread(list(form, 'blocked'), 1),
          bytes.has(form) ? megabytes(bytes.get(form).copied) : '–',
          bytes.has(form) ? megabytes(bytes.get(form).handedOver) : '–',
        ]),
        notes: [
          `median (range) of ${ROUNDS} calls, forms in turn; ${INPUTS} equal inputs, of which one is computed: checking, ` +
            'tokenizing and sending them is in the time, except for transformers.js, whose list is ready-made',
          'blocked: longest time between two turns of the page, 4 ms when idle; bytes: what all threads send, inputs included',
        ],
      },
    ],
    raw: { bytes: Object.fromEntries(bytes), times: Object.fromEntries(times) },
  }
}
