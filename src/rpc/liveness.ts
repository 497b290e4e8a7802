/**
 * Whether another thread still lives: `terminate()` and `self.close()` give no event, but free the Web Locks that the
 * thread held.
 */

/**
 * Where a person blocks all site data, Web Locks are denied too: then a thread's end is not told, as on insecure origins,
 * and deadlines alone show it.
 */
function isDenied(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'SecurityError'
}

/** Takes a lock for as long as this thread lives. Settles when it is held, or denied. */
export function holdLock(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, () => {
        resolve()
        return new Promise<never>(() => undefined)
      })
      .catch((error: unknown) => {
        if (isDenied(error)) resolve()
        else reject(error instanceof Error ? error : new Error(String(error)))
      })
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
    if (!isDenied(error) && !(error instanceof DOMException && error.name === 'AbortError')) throw error
  })
}
