/**
 * Production builds of the benchmarks' pages: both libraries go through the same bundler and minifier.
 * A mode other than `bench` puts an observer in front of the threads that it observes; the library's own files stay as
 * they are:
 * - `counts`: WebGPU calls, messages and inference runs;
 * - `plain`: threads that find no relaxed SIMD;
 * - `memory`: WebAssembly memory.
 */

import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

const service = path('../src/worker/service-entry.ts')
const inference = path('../src/worker/inference-entry.ts')
const peer = path('pages/transformers.ts')

/** By mode: an observer and the entries that it comes before. */
const observers: Readonly<Record<string, readonly { observer: string; entries: readonly string[] }[]>> = {
  counts: [
    { observer: path('pages/gpu-counter.ts'), entries: [inference, peer] },
    { observer: path('pages/message-counter.ts'), entries: [service, inference, path('pages/transport.ts')] },
    { observer: path('pages/run-counter.ts'), entries: [inference] },
  ],
  plain: [{ observer: path('pages/no-relaxed-simd.ts'), entries: [service, inference] }],
  memory: [{ observer: path('pages/memory-observer.ts'), entries: [service, inference, peer] }],
}

/** The import is added while a file is bundled, on the same line, so that no source map shifts. */
function observe(mode: string): Plugin {
  const active = observers[mode] ?? []
  return {
    name: 'observe',
    transform(code, id) {
      // The package declares its modules free of side effects; an observer is nothing else.
      if (active.some(({ observer }) => observer === id)) return { code, map: null, moduleSideEffects: true }
      const found = active.filter(({ entries }) => entries.includes(id))
      if (found.length === 0) return null
      return {
        code: found.map(({ observer }) => `import ${JSON.stringify(observer)};`).join('') + code,
        map: null,
      }
    },
  }
}

const pages = [
  'ours',
  'transformers',
  'plain-onnxruntime',
  'encoder',
  'queue',
  'peer-queue',
  'transport',
  'search',
  'memory',
  'profile',
]

export default defineConfig(({ mode }) => {
  const plugins = [observe(mode)]
  return {
    root: path('pages'),
    base: './',
    publicDir: false,
    resolve: {
      alias: [
        { find: /^browser-embeddings$/, replacement: path('../src/index.ts') },
        { find: /^browser-embeddings\/search$/, replacement: path('../src/search/index.ts') },
      ],
    },
    plugins,
    worker: { format: 'es', plugins: () => plugins },
    build: {
      target: 'es2023',
      chunkSizeWarningLimit: 2000,
      reportCompressedSize: false,
      rolldownOptions: { input: pages.map((page) => path(`pages/${page}.html`)) },
    },
  }
})
