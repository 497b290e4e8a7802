/** What is known of the device when a graph is chosen for it. Data only. */

/** What a WebGPU adapter told of itself, as far as it bears on the choice of a graph. */
export interface WebGpuFacts {
  /** The adapter has `shader-f16`: graphs with float16 tensors can run. */
  shaderF16: boolean
  /** Bytes of the largest buffer. */
  maxBufferSize: number
  /** Bytes of the largest buffer that a shader can read: the largest weight of a graph must fit. */
  maxStorageBufferBindingSize: number
}

export interface DeviceFacts {
  /** Null: no WebGPU adapter, or none that may be used. */
  webgpu: WebGpuFacts | null
}
