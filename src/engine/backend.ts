/** Which onnxruntime build, and how many workers and threads, and why. */

import type { RuntimeBuild } from './embedding-session.ts'

/** The smaller WebGPU build needs JavaScript promise integration (Chromium 137, Firefox 153; not WebKit 2.50). */
export function webGpuBuild(): RuntimeBuild {
  return 'Suspending' in WebAssembly ? 'jspi' : 'asyncify'
}

/** Sessions and threads on the CPU. */
export interface CpuLayout {
  workers: number
  threads: number
}

/** Above this, another single-threaded worker costs more memory than the texts of a page are likely to need. */
const MOST_WORKERS = 4

/**
 * How many inference workers, and how many threads each.
 * Several one-threaded workers are the default even where threads are allowed: each text then runs without thread
 * hand-over, which costs a 12-token query 7 to 9 ms instead of 5, while throughput on two cores is alike.
 *
 * @param cores `navigator.hardwareConcurrency`
 * @param isolated whether the page is cross-origin isolated; without it onnxruntime has no threads
 */
export function cpuLayout(
  cores: number,
  isolated: boolean,
  asked: { workers: number | 'auto'; threads: number | null },
): CpuLayout {
  const threads = isolated ? Math.min(asked.threads ?? 1, cores) : 1
  const workers = asked.workers === 'auto' ? Math.floor(Math.min(cores, MOST_WORKERS) / threads) : asked.workers
  return { workers: Math.max(1, workers), threads }
}
