/**
 * Whether the browser keeps this origin's storage when room gets short.
 *
 * @returns null where it does not tell (insecure and opaque origins)
 */
export async function isStoragePersisted(): Promise<boolean | null> {
  // Absent on insecure origins, whatever the types say.
  const storage = (globalThis as { navigator?: { storage?: StorageManager } }).navigator?.storage
  if (storage === undefined) return null
  try {
    return await storage.persisted()
  } catch {
    return null
  }
}
