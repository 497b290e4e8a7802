/**
 * Whether another thread still lives: `terminate()` and `self.close()` give no event, but free the Web Locks that the
 * thread held.
 */

/** Takes a lock for as long as this thread lives. Settles when it is held. */
export function holdLock(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, () => {
        resolve()
        return new Promise<never>(() => undefined)
      })
      .catch(reject)
  })
}

/**
 * Waits for the end of the thread that holds a lock.
 *
 * @param name held by now: a lock that nobody holds counts as that of a dead thread
 * @param stop ends the waiting
 */
export function onLockFreed(name: string, stop: AbortSignal, onFreed: () => void): void {
  navigator.locks.request(name, { signal: stop }, onFreed).catch((error: unknown) => {
    if (!(error instanceof DOMException && error.name === 'AbortError')) throw error
  })
}
