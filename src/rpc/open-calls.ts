/** Calls to another thread that it has not answered yet. */
export class OpenCalls {
  readonly #rejects = new Set<(error: unknown) => void>()

  /**
   * The call's own answer, or the error of `fail`, whichever comes first. Nothing of the call is left behind then, as it
   * would be for ever if each were raced against one promise that tells of the thread's end.
   */
  async settle<T>(call: Promise<T>): Promise<T> {
    const { promise: failed, reject } = Promise.withResolvers<never>()
    this.#rejects.add(reject)
    try {
      return await Promise.race([call, failed])
    } finally {
      this.#rejects.delete(reject)
    }
  }

  /** Rejects every call that is open. */
  fail(error: unknown): void {
    for (const reject of this.#rejects) reject(error)
  }
}
