/** The index in a browser: in WebAssembly where the page's policy lets it, otherwise in JavaScript, with the same results. */

import { afterEach, expect, test } from 'vitest'
import { VectorIndex, type VectorMatch } from 'browser-embeddings/search'

const SPACE = { dimensions: 100, fingerprint: 'fp_a' }
const moduleUrl = new URL('../../src/search/index.ts', import.meta.url).href

/** Numerical Recipes' linear congruential generator. */
function numbers(count: number, seed: number): Float32Array {
  let state = seed
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 31 - 1
  })
}

interface Outcome {
  backend: VectorIndex['backend']
  matches: VectorMatch[][]
}

/** Searches 3,000 rows at two widths, with the classes of a page. */
function searchWith(Index: typeof VectorIndex): Outcome {
  const index = new Index(SPACE)
  index.addAll(numbers(3000 * 100, 1), 'fp_a')
  const matches = [100, 61].map((dimensions) =>
    index.search(numbers(100, 2), { fingerprint: 'fp_a', topK: 500, dimensions }),
  )
  return { backend: index.backend, matches }
}

let frame: HTMLIFrameElement | undefined
afterEach(() => {
  frame?.remove()
})

/** The classes of a page with such a policy for scripts. */
async function loadUnder(policy: string): Promise<typeof VectorIndex> {
  const opened = document.createElement('iframe')
  frame = opened
  const loaded = new Promise<typeof VectorIndex>((resolve, reject) => {
    Object.assign(globalThis, { takeIndex: resolve, failIndex: reject })
  })
  opened.srcdoc = `<!doctype html>
    <meta http-equiv="Content-Security-Policy" content="script-src 'self' 'unsafe-inline' ${policy}">
    <script type="module">
      import(${JSON.stringify(moduleUrl)}).then(({ VectorIndex }) => parent.takeIndex(VectorIndex), parent.failIndex)
    </script>`
  document.body.append(opened)
  return loaded
}

test('runs in WebAssembly', () => {
  expect(searchWith(VectorIndex).backend).toEqual({ name: 'wasm', reason: null })
})

test("a policy with 'wasm-unsafe-eval' lets it", async () => {
  const Index = await loadUnder("'wasm-unsafe-eval'")
  expect(Index).not.toBe(VectorIndex)
  expect(searchWith(Index)).toEqual(searchWith(VectorIndex))
})

test('runs in JavaScript where the policy blocks WebAssembly, says why, and finds the same to the last bit', async () => {
  const { backend, matches } = searchWith(await loadUnder(''))
  expect(backend.name).toBe('javascript')
  expect(backend.reason).toMatch(/Content Security Policy|disallowed by embedder/)
  expect(matches).toEqual(searchWith(VectorIndex).matches)
  expect(matches[0]).toHaveLength(500)
})

test('takes stored rows from another frame', async () => {
  const Index = await loadUnder("'wasm-unsafe-eval'")
  const other = frame!.contentWindow as unknown as typeof globalThis
  const rows = new other.Int8Array(200).fill(3)
  const index = VectorIndex.fromInt8({ ...SPACE, rows, scales: new other.Float32Array(2).fill(1) })
  expect(index.search(numbers(100, 3), { fingerprint: 'fp_a' })).toHaveLength(2)
  expect(Index.fromInt8(index.toInt8()).size).toBe(2)
})

test('serves more indexes at once than a browser has WebAssembly memories for', () => {
  const indexes = Array.from({ length: 1000 }, (_, at) => {
    const index = new VectorIndex({ dimensions: 2, fingerprint: 'fp_a' })
    index.add([Math.cos(at), Math.sin(at)], 'fp_a')
    return index
  })
  const found = indexes.filter((index, at) => {
    const [match] = index.search([Math.cos(at), Math.sin(at)], { fingerprint: 'fp_a' })
    return index.backend.name === 'wasm' && match!.score > 0.999
  })
  expect(found).toHaveLength(1000)
})
