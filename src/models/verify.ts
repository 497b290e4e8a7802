/** Whether a file is what it should be, whether it came over the network or from a store. */

import { EmbeddingsError } from '../openai/errors.ts'
import { gitHash, hashBytes } from './hash.ts'

/** What a file must be. */
export interface Expected {
  bytes: number
  /** Lower-case hexadecimal SHA-256; null: only `gitSha1` is known. */
  sha256: string | null
  /** Name that git gives the file: SHA-1 of `blob <bytes>\0` and the bytes. */
  gitSha1?: string
}

/** Checks a file against what it must be. @returns its SHA-256. @throws EmbeddingsError `integrity_error` */
export async function verifyBytes(url: string, bytes: ArrayBuffer, expected: Expected): Promise<string> {
  if (bytes.byteLength !== expected.bytes) throw sizeError(url, String(bytes.byteLength), expected.bytes)
  const sha256 = await hashBytes(bytes)
  if (expected.sha256 !== null && sha256 !== expected.sha256) throw hashError(url, 'SHA-256', sha256, expected.sha256)
  if (expected.sha256 !== null || expected.gitSha1 === undefined) return sha256
  const gitSha1 = await gitHash(bytes)
  if (gitSha1 !== expected.gitSha1) throw hashError(url, 'the git hash', gitSha1, expected.gitSha1)
  return sha256
}

function hashError(url: string, kind: string, came: string, expected: string): EmbeddingsError {
  return new EmbeddingsError('integrity_error', `${url} has ${kind} ${came}; the manifest says ${expected}.`)
}

/** A file of another size than its manifest says. */
export function sizeError(url: string, came: string, expected: number): EmbeddingsError {
  return new EmbeddingsError(
    'integrity_error',
    `${url} has ${came} bytes; the manifest says ${String(expected)}.`,
  )
}

/**
 * Checks a file of which nothing is known, before it is trusted for the first time: an answer without a length may
 * end early unnoticed, and servers answer with other things than the file.
 *
 * @throws EmbeddingsError `model_file_not_found` for a web page or a Git LFS pointer, `bad_model_file` for JSON or a
 *   graph that is not whole
 */
export function checkWhole(url: string, bytes: ArrayBuffer): void {
  const start = new TextDecoder().decode(new Uint8Array(bytes, 0, Math.min(40, bytes.byteLength)))
  if (start.startsWith('<')) throw htmlInstead(url)
  if (start.startsWith('version https://git-lfs')) {
    throw new EmbeddingsError('model_file_not_found', `${url} is a Git LFS pointer in place of the file.`)
  }
  const { pathname } = new URL(url)
  if (pathname.endsWith('.json')) parseJson(url, bytes)
  else if (pathname.endsWith('.onnx')) checkGraph(url, bytes)
}

/** The content of a JSON file. @throws EmbeddingsError `bad_model_file` */
export function parseJson(url: string, bytes: ArrayBuffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new EmbeddingsError('bad_model_file', `${url} is not JSON.`, { cause: error })
  }
}

/** A web page came in place of a file. */
export function htmlInstead(url: string): EmbeddingsError {
  return new EmbeddingsError('model_file_not_found', `${url} answered with a web page (HTML) in place of the file.`)
}

/** Numbers of the fields that every ONNX `ModelProto` has. Source: onnx.proto3. */
const GRAPH = 7
const OPSET_IMPORT = 8
/** Bytes that a field's value takes, by its wire type; variable ones are null. */
const FIXED_WIDTH: Readonly<Record<number, number | null>> = { 0: null, 1: 8, 2: null, 5: 4 }

/**
 * Walks the outermost fields of a graph file, which are few: a file that was cut ends inside one of them, or lacks one.
 */
function checkGraph(url: string, bytes: ArrayBuffer): void {
  const view = new Uint8Array(bytes)
  const seen = new Set<number>()
  let at = 0
  // Arithmetic, not bit shifts: lengths may exceed 32 bits.
  const varint = (): number => {
    let value = 0
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = view[at++] ?? Number.NaN
      value += (byte % 128) * scale
      if (!(byte >= 128)) return value
    }
    return Number.NaN
  }
  while (at < view.length) {
    const key = varint()
    const width = FIXED_WIDTH[key % 8]
    if (width === undefined) break
    if (width !== null) at += width
    else {
      const value = varint()
      if (Number.isNaN(value)) at = Number.NaN
      else if (key % 8 === 2) at += value
    }
    seen.add(Math.floor(key / 8))
  }
  if (at === view.length && seen.has(GRAPH) && seen.has(OPSET_IMPORT)) return
  throw new EmbeddingsError(
    'bad_model_file',
    `${url} is no whole ONNX graph: its ${String(view.length)} bytes end early, or are something else.`,
  )
}
