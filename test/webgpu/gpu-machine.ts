/** A machine with a GPU, as far as the library can tell, and what it remembers of that GPU. */

import type { GpuVerdict } from '../../src/index.ts'

const DATABASE = 'browser-embeddings-gpu'

/** The service on a machine whose software adapter passes for a GPU; for the option `createWorker`. */
export function gpuMachineWorker(): Worker {
  return new Worker(new URL('../browser/services/gpu-service.ts', import.meta.url), { type: 'module' })
}

/** As `gpuMachineWorker`, with a GPU that refuses its work from a message on the channel `faulty-gpu` on. */
export function faultyGpuWorker(): Worker {
  return new Worker(new URL('../browser/services/faulty-gpu-service.ts', import.meta.url), { type: 'module' })
}

interface StoredVerdict {
  verdict: GpuVerdict
}

/** Changes every stored verdict, as another GPU would have given it. */
export async function editVerdicts(edit: (verdict: GpuVerdict) => GpuVerdict): Promise<void> {
  const opening = indexedDB.open(DATABASE)
  await new Promise((resolve) => (opening.onsuccess = resolve))
  const transaction = opening.result.transaction('records', 'readwrite')
  const walking = transaction.objectStore('records').openCursor()
  walking.onsuccess = () => {
    const cursor = walking.result
    if (cursor === null) return
    const record = cursor.value as StoredVerdict
    if ('verdict' in record) cursor.update({ ...record, verdict: edit(record.verdict) })
    cursor.continue()
  }
  await new Promise((resolve) => (transaction.oncomplete = resolve))
  opening.result.close()
}

/** As on a device that was never here. */
export async function deleteVerdicts(): Promise<void> {
  const deleting = indexedDB.deleteDatabase(DATABASE)
  await new Promise((resolve) => (deleting.onsuccess = resolve))
}
