/**
 * A recipe from the files that a model in hub layout brings with it: those of transformers (`config.json`,
 * `tokenizer_config.json`) and of sentence-transformers (`modules.json`, `1_Pooling/config.json`, …). They are untrusted,
 * and what they do not say is not guessed.
 */

import { EmbeddingsError } from '../openai/errors.ts'
import { JsonField } from './json-field.ts'
import { MOST_TOKENS, SAFE_PATH } from './manifest.ts'
import type { ModelRecipe, Pooling } from './recipe.ts'

/** A description file, and whose it is. */
export interface OwnFile {
  json: unknown
  /** Folder that it lies in, for messages. */
  of: string
}

/** By path under the model's folder; a path that is missing here is missing there. */
export type OwnFiles = ReadonlyMap<string, OwnFile>

/** What is known of a model besides its description. */
export type Described = Pick<ModelRecipe, 'id' | 'path' | 'revision' | 'created' | 'variants' | 'files'>

/** Files read after `config.json`, without which there is no model, and before the pooling's own. */
export const OWN_FILES = [
  'modules.json',
  'tokenizer_config.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
] as const

/**
 * Model types → dtypes that do not suit them. Gemma's activations overflow 16-bit floats ("EmbeddingGemma activations do
 * not support float16", card of google/embeddinggemma-300m, read 2026-11).
 */
export const UNSUITABLE: Readonly<Record<string, readonly string[]>> = { gemma3_text: ['fp16', 'q4f16'] }

/** Model types whose first positions are taken up to the padding's id: 514 rows hold 512 tokens. */
const OFFSET_POSITIONS = ['roberta', 'xlm-roberta', 'camembert', 'mpnet']

/** Names of prompts in sentence-transformers' files → `input_type` of a request. */
const PROMPT_NAMES: Readonly<Record<string, string>> = {
  query: 'query',
  'Retrieval-query': 'query',
  document: 'document',
  passage: 'document',
  'Retrieval-document': 'document',
  similarity: 'similarity',
  STS: 'similarity',
  classification: 'classification',
  Classification: 'classification',
  clustering: 'clustering',
  Clustering: 'clustering',
}

/**
 * Where the pooling is described.
 *
 * @param modules `modules.json`; undefined: the model has none
 * @returns path of the file, under the model's folder
 * @throws EmbeddingsError `bad_model_file` when the modules do not make a vector in a way that this library runs
 */
export function poolingFileOf(modules: OwnFile | undefined): string {
  if (modules === undefined) return '1_Pooling/config.json'
  const root = JsonField.root(modules.json, `${modules.of}/modules.json`)
  const [transformer, pooling, ...rest] = root.list()
  if (transformer === undefined || pooling === undefined) return root.fail('a Transformer and a Pooling')
  if (kindOf(transformer) !== 'Transformer') transformer.fail('a Transformer of sentence-transformers')
  if (kindOf(pooling) !== 'Pooling') pooling.fail('a Pooling of sentence-transformers')
  // Every vector of this library is L2-normalised, so a last Normalize is done, and its absence changes no direction.
  const foreign = rest.find((module, index) => kindOf(module) !== 'Normalize' || index > 0)
  foreign?.fail('absent, or one Normalize: modules such as Dense are not supported')
  return `${pooling.at('path').matching(SAFE_PATH, 'a relative path')}/config.json`
}

/** `sentence_transformers.models.Pooling` → `Pooling`; null for code of the model's own. */
function kindOf(module: JsonField): string | null {
  const type = module.at('type').text()
  return type.startsWith('sentence_transformers.') ? type.slice(type.lastIndexOf('.') + 1) : null
}

/** Flags of `1_Pooling/config.json` → pooling. The square root of a length changes no direction. */
const POOLING_FLAGS: Readonly<Record<string, Pooling>> = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_mean_sqrt_len_tokens: 'mean',
  pooling_mode_lasttoken: 'last',
}

/** The same as one word, as newer files have it. */
const POOLING_WORDS: Readonly<Record<string, Pooling>> = {
  cls: 'cls',
  mean: 'mean',
  mean_sqrt_len_tokens: 'mean',
  lasttoken: 'last',
}

function readPooling(root: JsonField): Pooling {
  if (!root.at('include_prompt').isAbsent && !root.at('include_prompt').flag()) {
    root.at('include_prompt').fail('true: pooling without the tokens of the prompt is not supported')
  }
  const word = root.at('pooling_mode')
  if (!word.isAbsent) return POOLING_WORDS[word.oneOf(Object.keys(POOLING_WORDS))] ?? word.fail('known')
  const set = root.entries().filter(([key, field]) => key.startsWith('pooling_mode_') && field.flag())
  const [first, second] = set
  if (first === undefined) root.fail('an object with one pooling_mode_… that is true')
  if (second !== undefined) second[1].fail(`false: ${first[0]} is true, and joined poolings are not supported`)
  const [name, field] = first
  const pooling = Object.hasOwn(POOLING_FLAGS, name) ? POOLING_FLAGS[name] : undefined
  return pooling ?? field.fail(`false: supported are ${Object.keys(POOLING_FLAGS).join(', ')}`)
}

/** The first of several names of one thing that the file has; else the first. */
function firstPresent(root: JsonField, keys: readonly [string, ...string[]]): JsonField {
  return keys.map((key) => root.at(key)).find((field) => !field.isAbsent) ?? root.at(keys[0])
}

function readWidth(config: JsonField, pooling: JsonField): number {
  const fromPooling = firstPresent(pooling, ['word_embedding_dimension', 'embedding_dimension'])
  const fromConfig = firstPresent(config, ['hidden_size', 'd_model', 'dim', 'n_embd'])
  if (fromPooling.isAbsent) return fromConfig.integer(1, 65_536)
  const width = fromPooling.integer(1, 65_536)
  if (!fromConfig.isAbsent && fromConfig.integer(1, 65_536) !== width) {
    fromPooling.fail(`${String(fromConfig.value)}, as ${fromConfig.path} of config.json says`)
  }
  return width
}

function readDimensions(config: JsonField, width: number): number[] {
  const sets = config.at('matryoshka_dimensions')
  const smaller = sets.isAbsent ? [] : sets.list().map((entry) => entry.integer(1, width))
  return [...new Set([width, ...smaller])].sort((a, b) => b - a)
}

function readPadTokenId(config: JsonField, tokenizer: JsonField, vocabSize: number): number {
  const own = config.at('pad_token_id')
  if (!own.isAbsent) return own.integer(0, vocabSize - 1)
  const name = tokenizer.at('pad_token')
  const token = typeof name.value === 'string' || name.isAbsent ? name.value : name.at('content').value
  const added = tokenizer.at('added_tokens_decoder')
  const entry = added.isAbsent ? undefined : added.entries().find(([, field]) => field.at('content').value === token)
  if (entry === undefined) return own.fail(`an integer from 0 to ${String(vocabSize - 1)}`)
  const id = Number(entry[0])
  return Number.isInteger(id) && id >= 0 && id < vocabSize ? id : entry[1].fail('under an id of the vocabulary')
}

/** Tokenizers without a limit say 1e30 or so. */
function readLimit(field: JsonField): number | undefined {
  if (field.isAbsent) return undefined
  if (typeof field.value === 'number' && field.value > MOST_TOKENS) return undefined
  return field.integer(1, MOST_TOKENS)
}

function readPositions(config: JsonField, padTokenId: number): number | undefined {
  const positions = readLimit(firstPresent(config, ['max_position_embeddings', 'n_positions']))
  const offset = OFFSET_POSITIONS.includes(String(config.at('model_type').value)) ? padTokenId + 1 : 0
  return positions === undefined ? undefined : Math.max(1, positions - offset)
}

function readPrompts(root: JsonField): Record<string, string> {
  const prompts = root.at('prompts')
  if (prompts.isAbsent) return {}
  const known = prompts.entries().flatMap(([name, prompt]): [string, string][] => {
    const type = Object.hasOwn(PROMPT_NAMES, name) ? PROMPT_NAMES[name] : undefined
    const text = prompt.string()
    return type === undefined || text === '' ? [] : [[type, text]]
  })
  return Object.fromEntries(known)
}

/**
 * The recipe that a model's own files give.
 *
 * @param described what is known of the model besides: its place, revision and graphs
 * @param files the model's own, and where it lacks some those of the model that it was made from
 * @throws EmbeddingsError `bad_model_file` naming the file, the field, what it must be and what it is; where pooling or
 *   limit are not told at all, what to pass
 */
export function recipeFromOwnFiles(described: Described, files: OwnFiles): ModelRecipe {
  const { id } = described
  const optional = (path: string): JsonField => {
    const file = files.get(path)
    return JsonField.root(file?.json ?? {}, `${file?.of ?? id}/${path}`)
  }
  const poolingFile = poolingFileOf(files.get('modules.json'))
  if (!files.has(poolingFile)) throw unknown(id, `how token vectors are pooled (no ${poolingFile})`)
  const pooling = optional(poolingFile)
  const config = optional('config.json')
  const tokenizer = optional('tokenizer_config.json')
  const width = readWidth(config, pooling)
  const vocabSize = config.at('vocab_size').integer(1, 2 ** 31 - 1)
  const padTokenId = readPadTokenId(config, tokenizer, vocabSize)
  // sentence-transformers' own limit is what the model was made for; the position table ends every text.
  const limit =
    readLimit(optional('sentence_bert_config.json').at('max_seq_length')) ??
    readLimit(tokenizer.at('model_max_length'))
  const maxTokens = Math.min(limit ?? Infinity, readPositions(config, padTokenId) ?? Infinity)
  if (maxTokens === Infinity) {
    throw unknown(id, 'how long an input may be (no max_seq_length, model_max_length, max_position_embeddings)')
  }
  return {
    ...described,
    ownedBy: id.includes('/') ? (id.split('/')[0] ?? 'local') : 'local',
    dimensions: readDimensions(config, width),
    maxTokens,
    pooling: readPooling(pooling),
    vocabSize,
    padTokenId,
    paddingSide: tokenizer.at('padding_side').isAbsent ? 'right' : tokenizer.at('padding_side').oneOf(['right', 'left']),
    prompts: readPrompts(optional('config_sentence_transformers.json')),
    knownAnswer: undefined,
  }
}

function unknown(id: string, what: string): EmbeddingsError {
  return new EmbeddingsError(
    'bad_model_file',
    `The files of ${id} do not tell ${what}. Give the model a manifest.json, or pass the same to the client: ` +
      `models: [{ format: 1, id: '${id}', recipe: { pooling: 'mean' | 'cls' | 'last', maxTokens: …, … }, … }].`,
  )
}
