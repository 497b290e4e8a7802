/** What it costs to get 2,048 vectors to the page. All inputs are equal, and equal inputs run once: the rest is transport. */

import { EmbeddingsClient } from 'browser-embeddings'
import { startPeer } from './peer-calls.ts'

/** Ways in which vectors come to the page. */
export type TransportForm = 'matrix' | 'base64' | 'float' | 'list'

interface TransportBench {
  /** Once, for nothing but the vectors' way: milliseconds, and the longest time that the page was blocked meanwhile. */
  measure(form: TransportForm, inputs: number): Promise<{ taken: number; blocked: number }>
}

declare global {
  var transportBench: TransportBench
}

const client = new EmbeddingsClient({ modelsUrl: '/models/', device: 'wasm', workers: 1 })
let peer: ReturnType<typeof startPeer> | undefined

function deliver(form: TransportForm, inputs: number): Promise<unknown> {
  const body = { model: 'all-MiniLM-L6-v2', input: new Array<string>(inputs).fill('red') }
  switch (form) {
    case 'matrix':
      return client.embeddings.createMatrix(body)
    case 'list':
      peer ??= startPeer()
      return peer({ kind: 'list', rows: inputs, width: 384 })
    case 'base64':
      return client.embeddings.create({ ...body, encoding_format: form })
    case 'float':
      return client.embeddings.create({ ...body, encoding_format: form })
  }
}

/** Turns of the event loop as fast as they come: the longest between two is what other work took. */
function watchTurns(): () => number {
  const { port1, port2 } = new MessageChannel()
  let last = performance.now()
  let longest = 0
  const turn = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }
  port1.onmessage = () => {
    turn()
    setTimeout(() => {
      port2.postMessage(null)
    })
  }
  port2.postMessage(null)
  return () => {
    turn()
    port1.close()
    return longest
  }
}

globalThis.transportBench = {
  async measure(form, inputs) {
    const stop = watchTurns()
    const start = performance.now()
    await deliver(form, inputs)
    const taken = performance.now() - start
    return { taken, blocked: stop() }
  },
}
