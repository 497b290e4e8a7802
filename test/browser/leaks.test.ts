/** Requests that are over leave nothing behind in the page; `npm run bench -- memory` measures the workers too. */

import { expect, test } from 'vitest'
import { cdp } from 'vitest/browser'
import { EmbeddingsClient } from '../../src/index.ts'
import { until } from './until.ts'

const REQUESTS = 100
/** Promises that come and go with whatever else runs in the page. */
const OTHERS = 30

interface RemoteObject {
  objectId: string
  value: unknown
}

/** Where scripts of one frame run. */
interface Context {
  id: number
}

/** What vitest's own type of a session leaves to its provider. */
interface Session {
  on(event: 'Runtime.executionContextCreated', listener: (event: { context: Context }) => void): void
  off(event: 'Runtime.executionContextCreated', listener: (event: { context: Context }) => void): void
  send(method: 'Runtime.disable' | 'Runtime.enable'): Promise<unknown>
  send(
    method: 'Runtime.evaluate',
    options: { expression: string; contextId: number },
  ): Promise<{ result: RemoteObject }>
  send(
    method: 'Runtime.queryObjects',
    options: { prototypeObjectId: string },
  ): Promise<{ objects: RemoteObject }>
  send(
    method: 'Runtime.callFunctionOn',
    options: { objectId: string; functionDeclaration: string; returnByValue: true },
  ): Promise<{ result: RemoteObject }>
  send(method: 'Runtime.releaseObject', options: { objectId: string }): Promise<unknown>
}

const session = cdp() as Session

/** The context of this script, which runs in a frame of the test runner's page. */
async function ownContext(): Promise<number> {
  const mark = crypto.randomUUID()
  Object.assign(globalThis, { leaksTestMark: mark })
  const contexts: Context[] = []
  // Until it has answered once, vitest may listen on another session than it sends on.
  await session.send('Runtime.disable')
  const listener = ({ context }: { context: Context }): unknown => contexts.push(context)
  session.on('Runtime.executionContextCreated', listener)
  await session.send('Runtime.enable')
  // Events take a way of their own: they may come after the answer.
  let own: number | undefined
  await until(async () => {
    for (const { id } of contexts.splice(0)) {
      const expression = 'globalThis.leaksTestMark'
      const { result } = await session.send('Runtime.evaluate', { expression, contextId: id })
      if (result.value === mark) own = id
    }
    return own !== undefined
  })
  // An event of a later file's page would find this one gone, which ends vitest.
  session.off('Runtime.executionContextCreated', listener)
  await session.send('Runtime.disable')
  return own!
}

/** Promises that something still refers to: the browser collects garbage before it counts. */
async function livePromises(contextId: number): Promise<number> {
  const { result } = await session.send('Runtime.evaluate', { expression: 'Promise.prototype', contextId })
  const { objects } = await session.send('Runtime.queryObjects', { prototypeObjectId: result.objectId })
  const counted = await session.send('Runtime.callFunctionOn', {
    objectId: objects.objectId,
    functionDeclaration: 'function () { return this.length }',
    returnByValue: true,
  })
  await session.send('Runtime.releaseObject', { objectId: objects.objectId })
  return Number(counted.result.value)
}

test('a hundred requests leave no promise behind', async () => {
  await using client = new EmbeddingsClient({
    modelsUrl: '/fixtures/tiny/',
    device: 'wasm',
    cpuRuntime: 'onnxruntime',
    workers: 1,
    storage: 'memory',
  })
  const request = async (count: number): Promise<void> => {
    for (let made = 0; made < count; made++) {
      await client.embeddings.create({ model: 'tiny-mean', input: `red ${String(made)}` })
    }
  }
  await request(20)
  const context = await ownContext()
  const before = await livePromises(context)
  // One that is kept is counted.
  const kept = Array.from({ length: REQUESTS }, () => Promise.withResolvers())
  expect(await livePromises(context)).toBeGreaterThanOrEqual(before + REQUESTS - OTHERS)
  kept.length = 0
  await request(REQUESTS)
  expect(await livePromises(context)).toBeLessThan(before + OTHERS)
})
