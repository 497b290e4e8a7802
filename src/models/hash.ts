/** Hashes of files. */

/** Lower-case hexadecimal SHA-256. */
export function hashBytes(bytes: ArrayBuffer): Promise<string> {
  return digest('SHA-256', bytes)
}

/** Name that git gives a file's content, in lower-case hexadecimal. */
export function gitHash(bytes: ArrayBuffer): Promise<string> {
  const header = new TextEncoder().encode(`blob ${String(bytes.byteLength)}\0`)
  const blob = new Uint8Array(header.length + bytes.byteLength)
  blob.set(header)
  blob.set(new Uint8Array(bytes), header.length)
  return digest('SHA-1', blob.buffer)
}

async function digest(algorithm: 'SHA-1' | 'SHA-256', bytes: ArrayBuffer): Promise<string> {
  // Absent on insecure origins, whatever the types say.
  const { subtle } = globalThis.crypto as Partial<Crypto>
  const hash =
    subtle === undefined
      ? (await import('./software-hash.ts')).softwareDigest(algorithm, bytes)
      : await subtle.digest(algorithm, bytes)
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
