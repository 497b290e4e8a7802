/** Numbers and errors as people read them. */

import { EmbeddingsError, type EmbeddingsErrorCode } from 'browser-embeddings'

export function count(value: number, one: string, many = `${one}s`): string {
  return `${integer(value)} ${value === 1 ? one : many}`
}

/** Not by `Intl.NumberFormat`: its first use takes 20 ms and more of the main thread, for a comma. */
export function integer(value: number): string {
  return value.toFixed(0).replace(/\B(?=(?:\d{3})+$)/gu, ',')
}

/** Bytes in MB of a million. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

export function milliseconds(value: number): string {
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`
  return `${value < 10 ? value.toFixed(1) : integer(value)} ms`
}

/** A guess at a time to come, no finer than it deserves. */
export function remaining(seconds: number): string {
  if (seconds >= 90) return `about ${integer(seconds / 60)} min left`
  return `about ${integer(Math.max(1, seconds))} s left`
}

export function rate(value: number, unit: string): string {
  return `${value < 10 ? value.toFixed(1) : integer(value)} ${unit}/s`
}

/** What a person may do about an error, by its code. */
const ADVICE: Partial<Record<EmbeddingsErrorCode, string>> = {
  model_unreachable: 'Check the connection and try again. Once loaded, the model works offline.',
  model_not_found:
    'The model files are missing on this server: run the build again, so that they are copied beside it.',
  model_file_not_found:
    'A model file is missing on this server: run the build again, so that it is copied beside it.',
  integrity_error:
    'The file that came is not the one that was published. Try again; a proxy may have changed it.',
  bad_model_file: 'The model file is damaged. Try again, or clear this site’s data.',
  unsupported_environment:
    'Choose Auto as the backend. If that fails too, this browser is too old for the model.',
  csp_blocked: 'The site’s Content Security Policy forbids WebAssembly or workers here.',
  out_of_memory: 'Close other tabs, or choose WASM as the backend, and try again.',
  device_lost: 'The graphics driver gave up. Choose WASM as the backend, or try again.',
  timeout: 'The device was too slow for this. Try again, with less text.',
  queue_full: 'Too much is waiting already. Let it finish first.',
  worker_terminated: 'The background worker ended. Try again.',
}

/** An error as two sentences: what happened (in the library's own words), and what to do. */
export function explain(error: unknown): { message: string; advice: string | null; code: string | null } {
  if (error instanceof EmbeddingsError) {
    return { message: error.message, advice: ADVICE[error.code] ?? null, code: error.code }
  }
  return { message: error instanceof Error ? error.message : String(error), advice: null, code: null }
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}
