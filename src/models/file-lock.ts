/** One download of a file at a time, over all tabs and workers of an origin. */

/**
 * Runs `work` while no other tab does so for the same file. The lock ends with the work or with its tab, whichever
 * comes first. On insecure origins there are no locks, and where a person blocks all site data they are denied: then the
 * work starts at once.
 *
 * @param url the file
 * @param signal ends the wait, not the work
 * @throws whatever `work` throws; the signal's reason when it was aborted before the work began
 */
export async function withFileLock<T>(url: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  // Absent on insecure origins, whatever the types say.
  const locks = (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks
  if (locks === undefined) return work()
  let begun = false
  try {
    return await locks.request(`browser-embeddings:file:${url}`, { signal }, () => {
      begun = true
      return work()
    })
  } catch (error) {
    if (begun || !(error instanceof DOMException) || error.name !== 'SecurityError') throw error
    return work()
  }
}
