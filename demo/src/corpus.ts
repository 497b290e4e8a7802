/** The stored corpus: addresses, passages and their vectors, as `npm run corpus` wrote them. */

import { VectorIndex } from 'browser-embeddings/search'
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

export class Corpus {
  readonly header: CorpusHeader
  readonly index: VectorIndex
  readonly #addresses: Address[]
  /** Index of each address's first passage. */
  readonly #firsts: number[]

  constructor(header: CorpusHeader, index: VectorIndex, addresses: Address[]) {
    this.header = header
    this.index = index
    this.#addresses = addresses
    let first = 0
    this.#firsts = addresses.map(({ bounds }) => {
      const own = first
      first += bounds.length / 2
      return own
    })
    if (first !== header.count || index.size !== header.count) {
      throw new Error(
        `The corpus says ${String(header.count)} passages, but has ${String(first)} and ${String(index.size)} vectors.`,
      )
    }
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
  const { dimensions, count, fingerprint } = header
  const index = VectorIndex.fromInt8({
    dimensions,
    fingerprint,
    rows: new Int8Array(vectors, 0, count * dimensions),
    scales: new Float32Array(vectors, count * dimensions, count),
  })
  await warmUp(index)
  return new Corpus(header, index, addresses)
}

/**
 * Searches small parts until the scan's code is compiled: interpreted, the first search of the whole would block the
 * page for longer than a frame or two.
 */
async function warmUp(whole: VectorIndex): Promise<void> {
  const { dimensions, fingerprint } = whole
  const query = whole.vector(0)
  const slices = new Slices()
  for (let first = 0; first + PART <= Math.min(whole.size, ROUNDS * PART); first += PART) {
    const part = new VectorIndex({ dimensions, fingerprint })
    for (let row = first; row < first + PART; row++) part.add(whole.vector(row), fingerprint)
    part.search(query, { fingerprint })
    await slices.rest()
  }
}

/** Rows that even interpreted code compares within a few milliseconds, and how many such parts. */
const PART = 50
const ROUNDS = 40

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
