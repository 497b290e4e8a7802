/** Loads that nobody waits for any more, by a start that hears of nothing, as a worker that is making its session. */

import { expect, test } from 'vitest'
import { ModelLoads } from '../../src/worker/model-loads.ts'

const NEVER = new AbortController().signal

test('a load that hears of nothing: whoever waits for it is told of the unload at once', async () => {
  const begun: AbortSignal[] = []
  const loads = new ModelLoads((_id, _attempts, signal) => {
    begun.push(signal)
    return new Promise(() => undefined)
  })
  const waiting = [loads.acquire('a', NEVER), loads.acquire('a', NEVER)]
  expect(begun).toHaveLength(1)
  loads.unload('a')
  for (const call of waiting) {
    await expect(call).rejects.toMatchObject({
      code: 'worker_terminated',
      message: 'The model a was unloaded.',
    })
  }
  expect(begun[0]?.aborted).toBe(true)
  expect(loads.stateOf('a')).toMatchObject({ state: 'unloaded', error: null })
})

test('the last one who waits takes the load along; whoever asks next gets a load of his own', async () => {
  const begun: AbortSignal[] = []
  const loads = new ModelLoads((_id, _attempts, signal) => {
    begun.push(signal)
    return new Promise(() => undefined)
  })
  const [first, second] = [new AbortController(), new AbortController()]
  const waiting = [loads.acquire('a', first.signal), loads.acquire('a', second.signal)]
  first.abort(new Error('first'))
  await expect(waiting[0]).rejects.toThrow('first')
  expect(begun[0]?.aborted).toBe(false)
  second.abort(new Error('second'))
  await expect(waiting[1]).rejects.toThrow('second')
  expect(begun[0]?.aborted).toBe(true)
  void loads.acquire('a', NEVER).catch(() => undefined)
  expect(begun).toHaveLength(2)
})
