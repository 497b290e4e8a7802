/** Who waits for whom: counted in batches, by the order of the events on one port. */

import { afterEach, expect, test } from 'vitest'
import { EmbeddingsClient, type Priority, type ProgressEvent } from '../../src/index.ts'
import { SteeredInference, steeredService } from './steered-inference.ts'

const MODEL = 'tiny-mean'
/** Of the long request; 32 texts of 16 tokens each fill one. */
const BATCHES = 20

const inference = new SteeredInference()
const open: EmbeddingsClient[] = []

afterEach(() => Promise.all(open.splice(0).map((client) => client.close())))

const longInput = Array.from({ length: 32 * BATCHES }, (_, index) =>
  Array.from({ length: 14 }, (__, bit) => ((index >> bit) & 1 ? 'green' : 'red')).join(' '),
)

test.each<[Priority, Priority]>([
  ['background', 'interactive'],
  ['interactive', 'interactive'],
  ['background', 'background'],
])(
  'a long %s request: a short %s one waits for the batch that runs, not for the request',
  async (long, short) => {
    const events: (ProgressEvent & { type: 'embedded' })[] = []
    const client = new EmbeddingsClient({
      modelsUrl: '/fixtures/tiny/',
      device: 'wasm',
      cpuRuntime: 'onnxruntime',
      workers: 1,
      storage: 'memory',
      createWorker: steeredService,
      onProgress: (event) => {
        if (event.type === 'embedded') events.push(event)
      },
    })
    open.push(client)
    await client.models.load(MODEL)
    await inference.shut()
    const all = client.embeddings.create({ model: MODEL, input: longInput }, { priority: long })
    await inference.batch()
    const answer = client.embeddings.create({ model: MODEL, input: 'blue' }, { priority: short })
    // Answered in order: by then the service has the short request in its queue.
    await client.models.status(MODEL)
    inference.open()
    await Promise.all([answer, all])
    const { callId } = events[0]!
    const before = events.findIndex((event) => event.callId !== callId)
    expect(events.length).toBeGreaterThan(BATCHES)
    // The batch that runs and, of the same priority, the one that waits behind it.
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThanOrEqual(long === short ? 2 : 1)
  },
)
