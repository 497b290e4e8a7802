/** A failure that the user can understand and mend: printed without a stack. */
export class CommandError extends Error {
  /**
   * @param {string} message naming the argument or file, and its value
   * @param {number} exitCode 1: the work failed; 2: the command line is wrong
   */
  constructor(message, exitCode = 1) {
    super(message)
    this.name = 'CommandError'
    this.exitCode = exitCode
  }
}
