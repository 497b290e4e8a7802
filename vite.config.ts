/**
 * Three uses, chosen by Vite's mode:
 * - none given: the demo (`vite`, `vite build`, `vite preview`), root `demo/`, built to `dist-demo/`;
 * - `bundle`: the library with its dependencies in few files, for import maps, built to `dist/bundle/`;
 * - `test`: the vitest projects (vitest sets this mode itself).
 * The library that bundlers use is built file by file with `tsc`; see tsconfig.build.json.
 */

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { playwright } from '@vitest/browser-playwright'
import { defaultClientConditions, type Plugin } from 'vite'
import { defineConfig } from 'vitest/config'
import type { TestProjectInlineConfiguration, ViteUserConfig } from 'vitest/config'
import { staticFolders } from './tools/serve/static-folders.ts'
import { chromiumArgs, chromiumCandidates, webgpuArgs } from './tools/test/find-chromium.mjs'
import { LongestFirst } from './tools/test/longest-first.ts'

const repository = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** `/name` → folder, for those of the given folders that exist on this machine. */
const existing = (folders: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(folders).filter(([, folder]) => existsSync(folder)))

/** What makes a page cross-origin isolated, which WebAssembly threads need. */
const isolationHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

const publicNames = [
  { find: /^browser-embeddings$/, replacement: repository('src/index.ts') },
  { find: /^browser-embeddings\/search$/, replacement: repository('src/search/index.ts') },
  { find: /^browser-embeddings\/adapters\/([\w-]+)$/, replacement: repository('src/adapters/$1.ts') },
  {
    find: /^browser-embeddings\/service-worker$/,
    replacement: repository('src/adapters/service-worker/route.ts'),
  },
  {
    find: /^browser-embeddings\/service-worker\/page$/,
    replacement: repository('src/adapters/service-worker-page.ts'),
  },
]

/** Shared by every use. `onnxruntime-web` must stay as it is: pre-bundled, it loses the way to its own files. */
const common = {
  base: './',
  resolve: {
    alias: publicNames,
    // onnxruntime's own modules without their copy of the glue, which the library loads by its address anyway.
    conditions: ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions],
  },
  // Nobody bundles the workers again, who would need the marks of what has no effect.
  worker: { format: 'es', rolldownOptions: { output: { comments: { annotation: false } } } },
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  build: { target: 'es2023', chunkSizeWarningLimit: 1000 },
} satisfies ViteUserConfig

const demo: ViteUserConfig = {
  ...common,
  root: repository('demo'),
  // No single-page fallback: a missing model file must be a 404, not `index.html`.
  appType: 'mpa',
  build: {
    ...common.build,
    outDir: repository('dist-demo'),
    emptyOutDir: true,
    // Every browser that the demo runs in preloads modules by itself.
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: repository('demo/index.html'), offline: repository('demo/src/offline.ts') },
      output: {
        // A service worker has to lie beside the page it serves, under a name that never changes.
        entryFileNames: ({ name }) => (name === 'offline' ? 'offline.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  server: { headers: isolationHeaders, fs: { allow: [repository('.')] } },
  preview: { headers: isolationHeaders },
  plugins: [staticFolders({ '/models': repository('models') }, { copy: true })],
}

/**
 * Vite puts 2 kB around every `import()` that preload what the import needs. Without `modulePreload` there is nothing to
 * preload, and no option leaves the code out.
 */
const plainImports: Plugin = {
  name: 'plain-imports',
  enforce: 'pre',
  load: (id) =>
    id === '\0vite/preload-helper.js' ? 'export const __vitePreload = (load) => load()' : undefined,
}

// Not Vite's library mode: that inlines workers and assets as data URLs.
const bundle: ViteUserConfig = {
  ...common,
  publicDir: false,
  plugins: [plainImports],
  build: {
    ...common.build,
    outDir: repository('dist/bundle'),
    emptyOutDir: true,
    modulePreload: false,
    rolldownOptions: {
      input: {
        index: repository('src/index.ts'),
        search: repository('src/search/index.ts'),
        'ai-sdk': repository('src/adapters/ai-sdk.ts'),
        langchain: repository('src/adapters/langchain.ts'),
        orama: repository('src/adapters/orama.ts'),
        'semantic-embedder': repository('src/adapters/semantic-embedder.ts'),
        'service-worker': repository('src/adapters/service-worker/route.ts'),
        'service-worker-page': repository('src/adapters/service-worker-page.ts'),
      },
      // The app's own: an adapter must extend the very class that the app uses.
      external: [/^@langchain\//],
      preserveEntrySignatures: 'strict',
      output: { entryFileNames: '[name].js' },
    },
  },
}

/** Dependencies of the library and of its tests: named, or Vite finds them in the middle of a run and reloads the page. */
const prebundled = [
  'comlink',
  '@huggingface/tokenizers',
  '@langchain/core/documents',
  '@langchain/core/embeddings',
  '@orama/orama',
  'ai',
  'fast-check',
  'openai',
  'openai-6',
]

/** Test files at a time. The default leaves a core out, and two are all that some machines have. */
const WORKERS = 2

function browserProject(
  name: string,
  include: string[],
  extraArgs: string[],
  timeout: number,
  maxWorkers: number,
): TestProjectInlineConfiguration {
  const executablePath = chromiumCandidates()[0]?.path
  return {
    ...common,
    base: '/',
    optimizeDeps: { ...common.optimizeDeps, include: prebundled },
    server: { headers: isolationHeaders },
    plugins: [
      staticFolders(
        existing({
          '/models': repository('models'),
          '/shared-models': repository('../shared/models'),
          '/fixtures': repository('test/fixtures'),
        }),
        { copy: false },
      ),
    ],
    test: {
      name,
      include,
      // Pages beside each other have a storage, locks and channels of their own; a GPU process they would share.
      fileParallelism: maxWorkers > 1,
      maxWorkers,
      testTimeout: timeout,
      hookTimeout: timeout,
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({
          launchOptions: {
            args: [...chromiumArgs, ...extraArgs],
            ...(executablePath === undefined ? {} : { executablePath }),
          },
        }),
        instances: [{ browser: 'chromium' }],
      },
    },
  }
}

const tests = (): ViteUserConfig => ({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        resolve: { alias: publicNames },
        test: {
          name: 'unit',
          environment: 'node',
          // They only end tests that hang: some compile or read whole models, and a machine may be busy.
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: WORKERS,
          include: ['test/unit/**/*.test.ts', 'test/conformance/**/*.test.ts', 'test/architecture.test.ts'],
        },
      },
      browserProject(
        'browser',
        ['test/browser/**/*.test.ts', 'test/conformance/**/*.test.ts'],
        [],
        180_000,
        WORKERS,
      ),
      browserProject('webgpu', ['test/webgpu/**/*.test.ts'], webgpuArgs, 300_000, 1),
    ],
  },
})

export default defineConfig(({ mode }) => {
  if (mode === 'test') return tests()
  return mode === 'bundle' ? bundle : demo
})
