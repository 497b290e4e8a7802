/** Real passages of mixed length: the same ones at every run. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Tokenizer } from '@huggingface/tokenizers'
import { corpus, cranfield, models } from './locations.mjs'

/** Limit of the model in this repository: neither library has to cut, so both do the same work. */
const MOST_TOKENS = 256
const LEAST_TOKENS = 5
/** Ways to cut a document, see `cut`. */
const KINDS = 5

const readModelJson = (file) => JSON.parse(readFileSync(join(models, 'all-MiniLM-L6-v2', file), 'utf8'))
const tokenizer = new Tokenizer(readModelJson('tokenizer.json'), readModelJson('tokenizer_config.json'))

/** Token ids of a text, special tokens included. */
export const tokensOf = (text) => tokenizer.encode(text).ids

export const countTokens = (text) => tokensOf(text).length

/** Cranfield writes ` .` and breaks lines anywhere. */
const clean = (text) =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ([.,;])/g, '$1')
    .trim()

const sentencesOf = (text) => text.split(/(?<=[.?!]) /)

function readCranfield() {
  const documents = readFileSync(cranfield, 'utf8')
    .split(/^\.I \d+\n/m)
    .slice(1)
  return documents.map((document) => {
    const title = clean(/^\.T\n(.*?)^\.A$/ms.exec(document)?.[1] ?? '')
    const body = clean(/^\.W\n(.*)/ms.exec(document)?.[1] ?? '')
    // An abstract begins with its title.
    return { title, body: body.startsWith(title) ? body.slice(title.length).trim() : body }
  })
}

/** Passages of the demo's corpus; the first sentence of each stands for its title. */
function readDemoCorpus() {
  const { addresses } = JSON.parse(readFileSync(join(corpus, 'corpus.json'), 'utf8'))
  const lines = gunzipSync(readFileSync(join(corpus, addresses.file)))
    .toString()
    .trim()
    .split('\n')
  const passages = lines.flatMap((line) => {
    const { text, bounds } = JSON.parse(line)
    return Array.from({ length: bounds.length / 2 }, (_, index) =>
      text.slice(bounds[2 * index], bounds[2 * index + 1]),
    )
  })
  return passages.map((passage) => {
    const [title = '', ...rest] = sentencesOf(clean(passage))
    return { title, body: rest.join(' ') }
  })
}

function readDocuments() {
  if (existsSync(cranfield)) return { source: 'Cranfield', documents: readCranfield() }
  if (existsSync(join(corpus, 'corpus.json'))) return { source: 'the demo corpus', documents: readDemoCorpus() }
  throw new Error('the benchmarks take their texts from demo/public/corpus, which is missing: npm run corpus')
}

/** Several lengths in turn, from a title to as much of the body as fits into the limit. */
function cut({ title, body }, kind) {
  const sentences = sentencesOf(body)
  if (kind === 0) return title
  if (kind < 4)
    return sentences
      .slice(
        ...[
          [0, 1],
          [1, 2],
          [0, 2],
        ][kind - 1],
      )
      .join(' ')
  while (sentences.length > 1 && countTokens(sentences.join(' ')) > MOST_TOKENS) sentences.pop()
  return sentences.join(' ')
}

/** The first words of a text that make exactly `tokens` tokens; null where there are none. */
function beginning(text, tokens) {
  const words = text.split(' ')
  for (let count = 1; count <= words.length; count++) {
    const candidate = words.slice(0, count).join(' ')
    const length = countTokens(candidate)
    if (length >= tokens) return length === tokens ? candidate : null
  }
  return null
}

/**
 * @param {number} count
 * @returns {{ source: string, texts: string[], tokens: number }} texts that all differ, and their tokens in all
 */
export function passages(count) {
  const { source, documents } = readDocuments()
  const texts = new Map()
  for (let pass = 0; pass < KINDS; pass++) {
    for (const [index, document] of documents.entries()) {
      const text = cut(document, (index + pass) % KINDS)
      const tokens = countTokens(text)
      if (tokens >= LEAST_TOKENS && tokens <= MOST_TOKENS) texts.set(text, tokens)
      if (texts.size === count) {
        const total = [...texts.values()].reduce((sum, length) => sum + length, 0)
        return { source, texts: [...texts.keys()], tokens: total }
      }
    }
  }
  throw new Error(`${source} has only ${texts.size} texts of ${LEAST_TOKENS} to ${MOST_TOKENS} tokens`)
}

/**
 * @param {number} count
 * @param {number} tokens of each, special tokens included
 * @returns {string[]} short texts that all differ, so that no cache answers
 */
export function queries(count, tokens) {
  const { documents } = readDocuments()
  const found = new Set()
  for (const { title, body } of documents) {
    const query = beginning(`${title} ${body}`, tokens)
    if (query !== null) found.add(query)
    if (found.size === count) return [...found]
  }
  throw new Error(`only ${found.size} queries of ${tokens} tokens`)
}
