/** Hashes of files. */

import { EmbeddingsError } from '../openai/errors.ts'

/**
 * Lower-case hexadecimal SHA-256.
 *
 * @throws EmbeddingsError `unsupported_environment` where the page has no Web Crypto (an insecure origin)
 */
export function hashBytes(bytes: ArrayBuffer): Promise<string> {
  return digest('SHA-256', bytes)
}

/** Name that git gives a file's content, in lower-case hexadecimal. @throws as `hashBytes` */
export function gitHash(bytes: ArrayBuffer): Promise<string> {
  const header = new TextEncoder().encode(`blob ${String(bytes.byteLength)}\0`)
  const blob = new Uint8Array(header.length + bytes.byteLength)
  blob.set(header)
  blob.set(new Uint8Array(bytes), header.length)
  return digest('SHA-1', blob.buffer)
}

async function digest(algorithm: string, bytes: ArrayBuffer): Promise<string> {
  // Absent on insecure origins, whatever the types say.
  if ((globalThis.crypto as Partial<Crypto>).subtle === undefined) {
    throw new EmbeddingsError(
      'unsupported_environment',
      'Model files cannot be verified: this page has no Web Crypto. Serve it over https or from localhost.',
    )
  }
  const hash = new Uint8Array(await crypto.subtle.digest(algorithm, bytes))
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
