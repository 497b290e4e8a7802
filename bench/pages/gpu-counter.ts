/**
 * Counts the WebGPU calls of the thread that it is imported in, and tells them on a channel. Exact, and the same on
 * every machine; onnxruntime calls WebGPU through these prototypes.
 */

import { answerAsks, threadName } from './answer-asks.ts'

/** Calls since the thread began. */
export interface GpuCounts {
  dispatches: number
  submits: number
  /** Buffers mapped for reading: each makes the CPU wait for the GPU. */
  readBacks: number
  readBackBytes: number
  /** `writeBuffer`, and buffers that are born mapped. */
  uploads: number
  uploadBytes: number
}

const counts: GpuCounts = {
  dispatches: 0,
  submits: 0,
  readBacks: 0,
  readBackBytes: 0,
  uploads: 0,
  uploadBytes: 0,
}

/** Calls `onCall` before a method of every instance. */
function observe<T extends object>(
  prototype: T,
  name: keyof T,
  onCall: (self: T, args: unknown[]) => void,
): void {
  const original = prototype[name] as (...args: unknown[]) => unknown
  const observed = function (this: T, ...args: unknown[]): unknown {
    onCall(this, args)
    return original.apply(this, args)
  }
  prototype[name] = observed as T[keyof T]
}

const numberOr = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise)

/** Bytes of `writeBuffer`: offset and size count elements of a typed array, bytes of a buffer. */
function uploadedBytes([, , data, offset, size]: unknown[]): number {
  const unit = ArrayBuffer.isView(data) && 'BYTES_PER_ELEMENT' in data ? numberOr(data.BYTES_PER_ELEMENT, 1) : 1
  const { byteLength } = data as ArrayBuffer | ArrayBufferView
  return size === undefined ? byteLength - numberOr(offset, 0) * unit : numberOr(size, 0) * unit
}

// Absent where the browser has no WebGPU; the runner then finds no adapter and says so.
if ('GPUQueue' in globalThis) {
  const countDispatch = (): void => {
    counts.dispatches++
  }
  observe(GPUComputePassEncoder.prototype, 'dispatchWorkgroups', countDispatch)
  observe(GPUComputePassEncoder.prototype, 'dispatchWorkgroupsIndirect', countDispatch)
  observe(GPUQueue.prototype, 'submit', () => {
    counts.submits++
  })
  observe(GPUQueue.prototype, 'writeBuffer', (_, args) => {
    counts.uploads++
    counts.uploadBytes += uploadedBytes(args)
  })
  observe(GPUDevice.prototype, 'createBuffer', (_, [descriptor]) => {
    // onnxruntime fills a staging buffer that is born mapped, and copies it on the GPU.
    const { mappedAtCreation, size } = descriptor as GPUBufferDescriptor
    if (mappedAtCreation !== true) return
    counts.uploads++
    counts.uploadBytes += size
  })
  observe(GPUBuffer.prototype, 'mapAsync', (buffer, [mode, offset, size]) => {
    if (mode !== GPUMapMode.READ) return
    counts.readBacks++
    counts.readBackBytes += numberOr(size, buffer.size - numberOr(offset, 0))
  })
}

answerAsks('gpu-counts', threadName(), () => counts)
