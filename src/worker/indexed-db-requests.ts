/** IndexedDB's events as promises. */

/**
 * Milliseconds to wait for a database: some browsers leave a request to open one without an answer, and one that is being
 * deleted stays closed for as long as another tab holds it.
 */
const OPEN_TIMEOUT = 2000

/**
 * Opens a database that has one store, whose keys stand outside, and an index over one member of its values. When another
 * tab wants to delete or upgrade it, the connection closes, and what is asked of it later throws.
 *
 * @param member names the index too
 * @throws DOMException where the browser denies IndexedDB; `TimeoutError` after two seconds without an answer
 */
export async function openDatabase(name: string, store: string, member: string): Promise<IDBDatabase> {
  const opening = indexedDB.open(name, 1)
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore(store).createIndex(member, member)
  }
  const opened = settled(opening)
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new DOMException('no answer', 'TimeoutError'))
      // Nobody would close a connection that comes after all, and it would stand in every other tab's way.
      opened.then(
        (database) => {
          database.close()
        },
        () => undefined,
      )
    }, OPEN_TIMEOUT)
  })
  try {
    const database = await Promise.race([opened, late])
    database.onversionchange = () => {
      database.close()
    }
    return database
  } finally {
    clearTimeout(timer)
  }
}

/** The result of a request. @throws DOMException */
export function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result)
    }
    request.onerror = () => {
      reject(request.error ?? new DOMException('the request failed', 'UnknownError'))
    }
  })
}

/** Settles when all of a transaction is on disk, or none of it. @throws DOMException */
export function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => {
      resolve()
    }
    transaction.onabort = () => {
      reject(transaction.error ?? new DOMException('the transaction was aborted', 'AbortError'))
    }
  })
}

/** Deletes the entries that an index has first, beyond those that may stay. */
export function deleteFirst(store: IDBObjectStore, index: string, surplus: number): void {
  if (surplus <= 0) return
  let left = surplus
  const walking = store.index(index).openKeyCursor()
  walking.onsuccess = () => {
    const cursor = walking.result
    if (cursor === null || left === 0) return
    store.delete(cursor.primaryKey)
    left--
    cursor.continue()
  }
}
