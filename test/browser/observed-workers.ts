/** What inference workers of `services/observed-memory-service.ts` say of themselves, and do when told to. */

import { until } from './until.ts'

/** What one of them says. */
export interface WorkerReport {
  name: string
  /** Of WebAssembly memory. */
  bytes: number
  shared: boolean
  /** WebAssembly files that it has fetched. */
  fetched: number
  /** Tasks of others' runs that it did. */
  helped: number
}

const channel = new BroadcastChannel('observed-memory')

/** Milliseconds in which an idle worker has answered. */
const ANSWERED = 50

/**
 * Reports of all of them, once there are so many.
 *
 * @param workers asked each time, where that number may change meanwhile
 */
export async function workerReports(workers: number | (() => Promise<number>)): Promise<WorkerReport[]> {
  const found = new Map<string, WorkerReport>()
  channel.onmessage = ({ data }: MessageEvent<WorkerReport>) => found.set(data.name, data)
  await until(async () => {
    // Anew each time: one may have come or ended since.
    found.clear()
    tellWorkers('report')
    await new Promise((resolve) => setTimeout(resolve, ANSWERED))
    return found.size === (typeof workers === 'number' ? workers : await workers())
  })
  return [...found.values()]
}

/** See `services/observed-memory.ts` for the words that they know. */
export function tellWorkers(words: string): void {
  channel.postMessage(words)
}
