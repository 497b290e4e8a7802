/** Calls between two ends of a real MessageChannel. */

import { afterEach, expect, test } from 'vitest'
import { EmbeddingsError } from '../../../src/openai/errors.ts'
import { answerCalls, WorkerCalls } from '../../../src/rpc/worker-calls.ts'
import { rejectedBy } from '../thrown-by.ts'

interface Api {
  double(value: number): number
  slowly(milliseconds: number): Promise<string>
  rows(count: number): Float32Array
  length(bytes: ArrayBuffer): number
  fail(code: 'device_lost' | 'other'): never
  itself(value: number): () => number
}

const sent: Float32Array[] = []
const open: MessagePort[] = []

function connect(): { calls: WorkerCalls<Api>; port: MessagePort } {
  const { port1, port2 } = new MessageChannel()
  answerCalls<Api>(port2, {
    double: (value) => value * 2,
    slowly: (milliseconds) =>
      new Promise((resolve) => setTimeout(resolve, milliseconds, `after ${String(milliseconds)}`)),
    rows: (count) => {
      const rows = new Float32Array(count).fill(0.5)
      sent.push(rows)
      return rows
    },
    length: (bytes) => bytes.byteLength,
    itself: (value) => () => value,
    fail: (code) => {
      if (code === 'other') throw new TypeError('not foreseen')
      throw new EmbeddingsError(code, 'gone', { param: 'input[2]' })
    },
  })
  port1.start()
  port2.start()
  open.push(port1, port2)
  return { calls: new WorkerCalls<Api>(port1), port: port1 }
}

afterEach(() => {
  for (const port of open.splice(0)) port.close()
})

test('every call gets its own answer, whichever comes first', async () => {
  const { calls } = connect()
  expect(
    await Promise.all([calls.call('slowly', 20), calls.call('double', 4), calls.call('slowly', 1)]),
  ).toEqual(['after 20', 8, 'after 1'])
})

test.each([
  // 16 kB are 4,096 numbers.
  ['few are copied', 4096, 4096],
  ['many are handed over', 4097, 0],
])('rows: %s', async (_what, count, left) => {
  const { calls } = connect()
  expect(await calls.call('rows', count)).toEqual(new Float32Array(count).fill(0.5))
  expect(sent.pop()).toHaveLength(left)
})

test('an answer that cannot be sent is an error of the call', async () => {
  const { calls } = connect()
  expect(await rejectedBy(calls.call('itself', 1))).toMatchObject({
    code: 'inference_failed',
    message: expect.stringMatching(/could not be cloned/) as string,
  })
})

test('what the caller transfers is handed over', async () => {
  const { calls } = connect()
  const bytes = new ArrayBuffer(16)
  expect(await calls.call('length', bytes, [bytes])).toBe(16)
  expect(bytes.byteLength).toBe(0)
})

test('an error of the contract arrives as one; any other is a fault of ours', async () => {
  const { calls } = connect()
  expect(await rejectedBy(calls.call('fail', 'device_lost'))).toMatchObject({
    code: 'device_lost',
    message: 'gone',
    param: 'input[2]',
  })
  expect(await rejectedBy(calls.call('fail', 'other'))).toMatchObject({
    code: 'inference_failed',
    message: 'not foreseen',
  })
})

test.each(['toString', 'constructor', '__proto__', 'missing'])('a call of %s is refused', async (name) => {
  const { calls } = connect()
  const error = await rejectedBy((calls as unknown as WorkerCalls<Record<string, () => unknown>>).call(name, 1))
  expect(error).toMatchObject({ code: 'inference_failed' })
  expect(error.message).toContain('refused call')
})

test('what is no call is passed over', async () => {
  const { calls, port } = connect()
  for (const message of [null, 'double', { call: '1', name: 'double' }, { call: 1 }]) port.postMessage(message)
  expect(await calls.call('double', 1)).toBe(2)
})
