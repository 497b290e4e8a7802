/**
 * Production build of the benchmarks' pages: both libraries go through the same bundler and minifier.
 * Mode `counts` puts the WebGPU counter in front of whatever owns the GPU: this library's inference worker, and the
 * page of transformers.js.
 */

import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

const counter = path('pages/gpu-counter.ts')
const gpuOwners = [path('../src/worker/inference-entry.ts'), path('pages/transformers.ts')]

/** The library's own files stay as they are: the import is added while they are bundled. */
const countGpuCalls: Plugin = {
  name: 'count-gpu-calls',
  transform(code, id) {
    // The package declares its modules free of side effects; this one is nothing else.
    if (id === counter) return { code, map: null, moduleSideEffects: true }
    // On the same line, so that no source map shifts.
    return gpuOwners.includes(id) ? { code: `import ${JSON.stringify(counter)};${code}`, map: null } : null
  },
}

export default defineConfig(({ mode }) => {
  const plugins = mode === 'counts' ? [countGpuCalls] : []
  return {
    root: path('pages'),
    base: './',
    publicDir: false,
    resolve: { alias: [{ find: /^browser-embeddings$/, replacement: path('../src/index.ts') }] },
    plugins,
    worker: { format: 'es', plugins: () => plugins },
    build: {
      target: 'es2023',
      chunkSizeWarningLimit: 2000,
      reportCompressedSize: false,
      rolldownOptions: {
        input: [path('pages/ours.html'), path('pages/transformers.html'), path('pages/encoder.html')],
      },
    },
  }
})
