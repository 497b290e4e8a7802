/** The stored corpus: addresses, passages and their vectors, as `npm run corpus` wrote them. */

import { VectorIndex, type VectorMatch } from 'browser-embeddings/search'
import { Slices } from './dom.ts'

interface Part {
  file: string
  bytes: number
  sha256: string
}

export interface CorpusHeader {
  title: string
  years: [first: number, last: number]
  source: string
  licence: string
  model: string
  fingerprint: string
  dimensions: number
  count: number
  addresses: Part
  vectors: Part
}

export interface Address {
  year: number
  president: string
  party: string
  text: string
  /** Start and end of each passage, in turn. */
  bounds: number[]
}

/** A passage in its address. */
export interface CorpusPassage {
  address: Address
  /** Position in the address, from 0. */
  position: number
  /** Passages of the address. */
  of: number
  start: number
  end: number
}

/** Rows that are compared without giving way in between: some milliseconds even before the code is compiled. */
const ROWS_AT_ONCE = 1024

export class Corpus {
  readonly header: CorpusHeader
  readonly #addresses: Address[]
  /** Index of each address's first passage. */
  readonly #firsts: number[]
  /** The rows in order, `ROWS_AT_ONCE` in each. */
  readonly #parts: VectorIndex[] = []

  /** @param vectors int8 rows, then a float32 scale for each */
  constructor(header: CorpusHeader, vectors: ArrayBuffer, addresses: Address[]) {
    this.header = header
    this.#addresses = addresses
    let first = 0
    this.#firsts = addresses.map(({ bounds }) => {
      const own = first
      first += bounds.length / 2
      return own
    })
    const { count, dimensions, fingerprint } = header
    if (first !== count || vectors.byteLength !== count * (dimensions + 4)) {
      throw new Error(
        `The corpus should have ${String(count)} passages, but its files have not. Reload the page.`,
      )
    }
    for (let start = 0; start < count; start += ROWS_AT_ONCE) {
      const size = Math.min(ROWS_AT_ONCE, count - start)
      const rows = new Int8Array(vectors, start * dimensions, size * dimensions)
      const scales = new Float32Array(vectors, count * dimensions + 4 * start, size)
      this.#parts.push(VectorIndex.fromInt8({ dimensions, fingerprint, rows, scales }))
    }
  }

  /**
   * Compares the query with every passage, and gives way while doing so.
   *
   * @param fingerprint of the query's vector; must be of the corpus's own space
   */
  async search(query: readonly number[], fingerprint: string, topK: number): Promise<VectorMatch[]> {
    const slices = new Slices()
    const matches: VectorMatch[] = []
    for (const [part, index] of this.#parts.entries()) {
      for (const match of index.search(query, { fingerprint, topK })) {
        matches.push({ index: part * ROWS_AT_ONCE + match.index, score: match.score })
      }
      await slices.rest()
    }
    return matches.sort((a, b) => b.score - a.score).slice(0, topK)
  }

  passage(index: number): CorpusPassage {
    const after = this.#firsts.findIndex((first) => first > index)
    const which = after === -1 ? this.#firsts.length - 1 : after - 1
    const address = this.#addresses[which]
    const position = index - (this.#firsts[which] ?? 0)
    const start = address?.bounds[2 * position]
    const end = address?.bounds[2 * position + 1]
    if (address === undefined || start === undefined || end === undefined) {
      throw new RangeError(`The corpus has no passage ${String(index)}.`)
    }
    return { address, position, of: address.bounds.length / 2, start, end }
  }
}

/**
 * Fetches the corpus and checks what came against its hashes. Hashing and decompression run off the main thread;
 * parsing goes line by line and gives way.
 */
export async function loadCorpus(base: URL): Promise<Corpus> {
  const header = (await (await fetchFile(new URL('corpus.json', base))).json()) as CorpusHeader
  const [vectors, addresses] = await Promise.all([
    readPart(base, header.vectors),
    readPart(base, header.addresses).then(parseAddresses),
  ])
  const corpus = new Corpus(header, vectors, addresses)
  // Compiles the scan, so that the first query need not wait for that.
  const anything = Array.from({ length: header.dimensions }, () => 1)
  await corpus.search(anything, header.fingerprint, 1)
  return corpus
}

async function fetchFile(url: URL): Promise<Response> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new Error(`${url.pathname} could not be reached. Check the connection and reload the page.`, {
      cause,
    })
  })
  if (!response.ok) {
    throw new Error(
      `${url.pathname} is missing on this server (HTTP ${String(response.status)}). Run npm run corpus, then build again.`,
    )
  }
  return response
}

async function readPart(base: URL, { file, sha256 }: Part): Promise<ArrayBuffer> {
  // The hash in the address: a copy of another version can never be taken for this one.
  const bytes = await (await fetchFile(new URL(`${file}?v=${sha256.slice(0, 16)}`, base))).arrayBuffer()
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
  if (hex !== sha256) throw new Error(`${file} is not the file that corpus.json describes. Reload the page.`)
  return bytes
}

async function parseAddresses(bytes: ArrayBuffer): Promise<Address[]> {
  const text = new Blob([bytes])
    .stream()
    .pipeThrough(new DecompressionStream('gzip'))
    .pipeThrough(new TextDecoderStream())
  const addresses: Address[] = []
  const slices = new Slices()
  const reader = text.getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    const lines = (rest + value).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      addresses.push(JSON.parse(line) as Address)
      await slices.rest()
    }
  }
  if (rest !== '') throw new Error('The addresses end in the middle of a line. Reload the page.')
  return addresses
}
