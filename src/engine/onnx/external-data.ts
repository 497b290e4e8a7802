/** Weights in files beside the graph, as tensors name them. Field numbers are those of onnx.proto3. */

import { SAFE_PATH } from '../../models/manifest.ts'
import { OnnxFileError } from './onnx-file-error.ts'
import type { Message } from './protobuf.ts'

/** Reads a `StringStringEntryProto` into a map. */
export function readEntry(message: Message, entries: Map<string, string>): void {
  let key = ''
  let value = ''
  while (message.next()) {
    if (message.field === 1) key = message.text()
    else if (message.field === 2) value = message.text()
    else message.skip()
  }
  entries.set(key, value)
}

function byteCount(entries: ReadonlyMap<string, string>, key: string, tensor: string): number {
  const text = entries.get(key) ?? '0'
  if (!/^\d{1,15}$/.test(text))
    throw new OnnxFileError(`the tensor ${tensor} has the ${key} ${JSON.stringify(text)}`)
  return Number(text)
}

/**
 * Notes the file that a tensor lies in, and how many bytes it must at least have.
 *
 * @throws OnnxFileError where its path leads out of the model's folder
 */
export function addExternalData(
  files: Map<string, number>,
  tensor: string,
  entries: ReadonlyMap<string, string>,
): void {
  const path = (entries.get('location') ?? '').replace(/^\.\//, '')
  // Also refuses onnxruntime's own mark for an address in memory, `*/_ORT_MEM_ADDR_/*`.
  if (!SAFE_PATH.test(path)) {
    throw new OnnxFileError(
      `the tensor ${tensor} lies in the file ${JSON.stringify(path)}, which is no safe path`,
    )
  }
  const end = byteCount(entries, 'offset', tensor) + byteCount(entries, 'length', tensor)
  files.set(path, Math.max(end, files.get(path) ?? 0))
}
