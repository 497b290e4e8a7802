/** IndexedDB's events as promises. */

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
