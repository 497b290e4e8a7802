/**
 * One file, so that the order is certain: without an adapter everything after it would test the fallback; and after
 * the GPU process has crashed twice, Chromium gives this page no adapter any more. Each suite is awaited: some of them
 * read files first, and then the next one would not wait for them.
 */

await import('./adapter.suite.ts')
await import('./embeddings.suite.ts')
await import('./architectures.suite.ts')
await import('./verdicts.suite.ts')
await import('./device-loss.suite.ts')

export {}
