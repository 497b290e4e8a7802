/** Whether the browser may evict what is stored. Only a page can ask for that; workers can only look. */

let asked = false

/**
 * Asks the browser to keep this origin's storage when room gets short, once a page and only where it does not already.
 * Chromium and Safari decide by themselves; Firefox asks the user. What came of it stands in `models.status`.
 */
export async function askToKeepStorage(): Promise<void> {
  // Absent on insecure origins, whatever the types say.
  const { storage } = navigator as Partial<Navigator>
  if (asked || storage === undefined) return
  asked = true
  try {
    if (!(await storage.persisted())) await storage.persist()
  } catch {
    // Pages of an opaque origin may not ask: their storage ends with them, which the status says too.
  }
}
