/** What browsers say of a Content-Security-Policy that forbids WebAssembly; apart, since no session needs more to start. */

import { EmbeddingsError } from '../openai/errors.ts'

const POLICY = /content security policy|unsafe-eval|wasm-eval|code generation from strings/i

/** What was thrown, in its own words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Whether a failure's message tells of such a policy. */
export function isPolicyRefusal(message: string): boolean {
  return POLICY.test(message)
}

/** The contract's error for what the browser threw while it compiled WebAssembly. */
export function toCompileError(error: unknown): EmbeddingsError {
  const message = messageOf(error)
  const refused = isPolicyRefusal(message)
  const explanation = refused
    ? "The page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to script-src"
    : 'The browser does not compile this WebAssembly'
  return new EmbeddingsError(refused ? 'csp_blocked' : 'inference_failed', `${explanation}: ${message}`, {
    cause: error,
  })
}
