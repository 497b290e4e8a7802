/** Tells on request of the memory of the WebAssembly instance that this thread made last. Must be imported first. */

const channel = new BroadcastChannel('observed-memory')
const { instantiate } = WebAssembly
const name = crypto.randomUUID()
let memory: WebAssembly.Memory | null = null

WebAssembly.instantiate = ((module: WebAssembly.Module, imports: { env: { memory: WebAssembly.Memory } }) => {
  memory = imports.env.memory
  return instantiate(module, imports)
}) as typeof instantiate

channel.addEventListener('message', ({ data }: MessageEvent<string>) => {
  if (data === 'end' || data === `end ${name}`) self.close()
  if (data !== 'report' || memory === null) return
  const buffer = memory.buffer as ArrayBufferLike
  const wasm = performance.getEntriesByType('resource').filter(({ name }) => name.includes('.wasm')).length
  channel.postMessage({
    name,
    bytes: buffer.byteLength,
    shared: buffer instanceof SharedArrayBuffer,
    fetched: wasm,
  })
})

export {}
