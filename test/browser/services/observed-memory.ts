/**
 * Tells on request of the memory of the WebAssembly instance that this thread made last, and of its help with others' runs;
 * ends this thread when it is told to, also in the middle of such help. Must be imported first.
 */

const channel = new BroadcastChannel('observed-memory')
const { instantiate } = WebAssembly
const name = crypto.randomUUID()
let memory: WebAssembly.Memory | null = null
/** Tasks of others' runs that were done here. */
let helped = 0
/** Milliseconds between the end of help and its answer. */
let delay = 0
/** Whether to end at the next help, with a task taken and not done. */
let reckless = false

interface Exports {
  encode: unknown
  help: (plan: number, mine: number, scratch: number) => number
}

WebAssembly.instantiate = (async (
  module: WebAssembly.Module,
  imports: { env: { memory: WebAssembly.Memory } },
) => {
  memory = imports.env.memory
  const exports = (await instantiate(module, imports)).exports as unknown as Exports
  const help: Exports['help'] = (...given) => {
    const tasks = exports.help(...given)
    helped += tasks
    const end = performance.now() + delay
    while (performance.now() < end);
    return tasks
  }
  return { exports: { ...exports, help } }
}) as unknown as typeof instantiate

/** As `take` of src/simd/assembly/team.ts; false where no task was to be had for some milliseconds. */
function takeTask(buffer: ArrayBufferLike, place: number): boolean {
  const states = new BigInt64Array(buffer)
  const end = performance.now() + 5
  while (performance.now() < end) {
    const state = Atomics.load(states, place / 8)
    const low = Number(state & 0xffff_ffffn)
    const isOpen = (low & 0xffff) < low >>> 16
    if (isOpen && Atomics.compareExchange(states, place / 8, state, state + 1n) === state) return true
  }
  return false
}

self.addEventListener('message', (event: MessageEvent<{ name?: unknown; argument?: unknown }>) => {
  if (!reckless || event.data.name !== 'help' || memory === null) return
  if (!takeTask(memory.buffer, event.data.argument as number)) return
  event.stopImmediatePropagation()
  self.close()
})

channel.addEventListener('message', ({ data }: MessageEvent<string>) => {
  if (data === 'end' || data === `end ${name}`) self.close()
  if (data === `lose ${name}`) reckless = true
  if (data === 'delay') delay = 20
  if (data !== 'report' || memory === null) return
  const buffer = memory.buffer as ArrayBufferLike
  const wasm = performance.getEntriesByType('resource').filter(({ name }) => name.includes('.wasm')).length
  channel.postMessage({
    name,
    bytes: buffer.byteLength,
    shared: buffer instanceof SharedArrayBuffer,
    fetched: wasm,
    helped,
  })
})

export {}
