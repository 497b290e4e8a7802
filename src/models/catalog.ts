/** Models that the library knows without a manifest. Data only. */

import type { ModelRecipe } from './recipe.ts'

/**
 * A recipe whose graphs are those that the model's folder has. `files` are records that hold at `revision`; a revision
 * other than `main` is the commit that was looked up.
 */
export interface CatalogModel extends Omit<ModelRecipe, 'variants'> {
  /** Dtypes that do not suit the model. */
  unsuitable?: readonly string[]
}

/** The hub's quantised graph at the revision that it was looked up at, as `../shared/models` has it too. */
const q8 = (bytes: number, sha256: string): ModelRecipe['files'] => [
  { path: 'onnx/model_quantized.onnx', bytes, sha256 },
]

const ENCODER = {
  revision: 'main',
  created: 0,
  maxTokens: 512,
  pooling: 'mean',
  // BERT's English vocabulary.
  vocabSize: 30_522,
  padTokenId: 0,
  paddingSide: 'right',
  prompts: {},
  knownAnswer: undefined,
  files: [],
} as const

/** The prompt that the cards of bge's English models, mxbai and arctic-embed v1 and v1.5 give for queries. */
const REPRESENT = { query: 'Represent this sentence for searching relevant passages: ' }

const BGE = { ...ENCODER, ownedBy: 'BAAI', pooling: 'cls', prompts: REPRESENT } as const

const E5 = {
  ...ENCODER,
  ownedBy: 'intfloat',
  prompts: {
    query: 'query: ',
    document: 'passage: ',
    similarity: 'query: ',
    classification: 'query: ',
    clustering: 'query: ',
  },
} as const

/** XLM-RoBERTa's vocabulary. Of its positions two are reserved: 514 rows hold 512 tokens. */
const XLM_ROBERTA = { vocabSize: 250_002, padTokenId: 1 }

/** JinaBERT with ALiBi: no position table, trained to 8,192 tokens; mean pooling, no prompt. */
const JINA_V2 = { ...ENCODER, ownedBy: 'jinaai', dimensions: [768], maxTokens: 8192, vocabSize: 61_056 } as const

const GTE = { ...ENCODER, ownedBy: 'thenlper' } as const

const ARCTIC = { ...ENCODER, ownedBy: 'Snowflake', pooling: 'cls' } as const

export const CATALOG: readonly CatalogModel[] = [
  {
    ...ENCODER,
    id: 'all-MiniLM-L6-v2',
    path: 'Xenova/all-MiniLM-L6-v2',
    revision: '751bff37182d3f1213fa05d7196b954e230abad9',
    files: q8(22_972_370, 'afdb6f1a0e45b715d0bb9b11772f032c399babd23bfc31fed1c170afc848bdb1'),
    created: 1_630_281_600,
    ownedBy: 'sentence-transformers',
    // Not Matryoshka-trained; measured Spearman on STS-B test: 0.8195, 0.8181, 0.8056, 0.7895.
    dimensions: [384, 256, 128, 64],
    maxTokens: 256,
  },
  {
    ...BGE,
    id: 'bge-small-en-v1.5',
    path: 'Xenova/bge-small-en-v1.5',
    revision: 'ea104dacec62c0de699686887e3f920caeb4f3e3',
    files: q8(34_014_426, '6c9c6101a956d62dfb5e7190c538226c0c5bb9cb27b651234b6df063ee7dbfe4'),
    created: 1_694_476_800,
    dimensions: [384],
  },
  {
    ...E5,
    id: 'e5-small-v2',
    path: 'Xenova/e5-small-v2',
    revision: '02af79985278377e65c724a76275707cb0333c70',
    files: q8(34_014_367, '7d9092cb25f2bd1c023b7e8d2aa459044a02030ac880e5a59fdaf27af69f1ded'),
    created: 1_684_454_400,
    dimensions: [384],
  },
  // Below: what the API documents in ../shared/api-docs name besides, as far as a build is published that runs here, and
  // models whose hub files leave out prompts or Matryoshka sets. Looked up on the hub's pages on 2026-11-21 (files,
  // config.json, 1_Pooling/config.json, model cards); 34 MB to 614 MB each, and not run in this repository's tests.
  // `created` is 0 where no date was found.
  // 8,194 positions. Its card asks for no prompt.
  { ...BGE, ...XLM_ROBERTA, id: 'bge-m3', path: 'Xenova/bge-m3', dimensions: [1024], maxTokens: 8192, prompts: {} },
  // 1,024 dimensions by its config.json; one of the documents says 768.
  { ...BGE, id: 'bge-large-en-v1.5', path: 'Xenova/bge-large-en-v1.5', dimensions: [1024] },
  {
    ...BGE,
    id: 'bge-large-zh-v1.5',
    path: 'Xenova/bge-large-zh-v1.5',
    dimensions: [1024],
    vocabSize: 21_128,
    prompts: { query: '为这个句子生成表示以用于检索相关文章：' },
  },
  { ...E5, id: 'multilingual-e5-small', path: 'Xenova/multilingual-e5-small', dimensions: [384], vocabSize: 250_037 },
  { ...E5, ...XLM_ROBERTA, id: 'multilingual-e5-base', path: 'Xenova/multilingual-e5-base', dimensions: [768] },
  { ...E5, ...XLM_ROBERTA, id: 'multilingual-e5-large', path: 'Xenova/multilingual-e5-large', dimensions: [1024] },
  { ...GTE, id: 'gte-small', path: 'Xenova/gte-small', dimensions: [384] },
  { ...GTE, id: 'gte-base', path: 'Xenova/gte-base', dimensions: [768] },
  { ...GTE, id: 'gte-large', path: 'Xenova/gte-large', dimensions: [1024] },
  {
    ...ENCODER,
    id: 'nomic-embed-text-v1.5',
    path: 'nomic-ai/nomic-embed-text-v1.5',
    ownedBy: 'nomic-ai',
    // Matryoshka by its card, which takes the mean from the vector before it cuts; here it is cut as it is.
    dimensions: [768, 512, 256, 128, 64],
    maxTokens: 8192,
    vocabSize: 30_528,
    prompts: {
      query: 'search_query: ',
      document: 'search_document: ',
      classification: 'classification: ',
      clustering: 'clustering: ',
    },
  },
  {
    ...ENCODER,
    id: 'mxbai-embed-large-v1',
    path: 'mixedbread-ai/mxbai-embed-large-v1',
    ownedBy: 'mixedbread-ai',
    pooling: 'cls',
    // Matryoshka by its card, whose example cuts at 512.
    dimensions: [1024, 512, 256, 128],
    prompts: REPRESENT,
  },
  {
    ...ARCTIC,
    id: 'snowflake-arctic-embed-m-v1.5',
    path: 'Snowflake/snowflake-arctic-embed-m-v1.5',
    dimensions: [768, 256],
    prompts: REPRESENT,
  },
  {
    ...ARCTIC,
    ...XLM_ROBERTA,
    id: 'snowflake-arctic-embed-l-v2.0',
    path: 'Snowflake/snowflake-arctic-embed-l-v2.0',
    dimensions: [1024, 256],
    maxTokens: 8192,
    prompts: { query: 'query: ' },
  },
  {
    ...ENCODER,
    id: 'embeddinggemma-300m',
    path: 'onnx-community/embeddinggemma-300m-ONNX',
    ownedBy: 'google',
    // Its graphs pool, and put two more layers after that.
    dimensions: [768, 512, 256, 128],
    maxTokens: 2048,
    vocabSize: 262_144,
    // Its activations overflow 16-bit floats (its card).
    unsuitable: ['fp16', 'q4f16'],
    prompts: {
      query: 'task: search result | query: ',
      document: 'title: none | text: ',
      similarity: 'task: sentence similarity | query: ',
      classification: 'task: classification | query: ',
      clustering: 'task: clustering | query: ',
    },
  },
  {
    ...ENCODER,
    // A decoder: positions and an empty key-value cache are inputs of its graphs.
    id: 'Qwen3-Embedding-0.6B',
    path: 'onnx-community/Qwen3-Embedding-0.6B-ONNX',
    ownedBy: 'Qwen',
    // Any width from 32 on, by its card.
    dimensions: [1024, 768, 512, 256, 128, 64, 32],
    maxTokens: 32_768,
    pooling: 'last',
    vocabSize: 151_669,
    padTokenId: 151_643,
    prompts: {
      query: 'Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:',
    },
  },
  { ...JINA_V2, id: 'jina-embeddings-v2-base-en', path: 'Xenova/jina-embeddings-v2-base-en', vocabSize: 30_528 },
  { ...JINA_V2, id: 'jina-embeddings-v2-base-de', path: 'Xenova/jina-embeddings-v2-base-de' },
  // No config.json of it was found; its graphs have the very size of those with 61,056 tokens.
  {
    ...JINA_V2,
    id: 'jina-embeddings-v2-base-zh',
    path: 'Xenova/jina-embeddings-v2-base-zh',
    created: 1_704_758_400,
  },
  {
    ...JINA_V2,
    id: 'jina-embeddings-v2-base-es',
    path: 'jinaai/jina-embeddings-v2-base-es',
    created: 1_708_560_000,
  },
  { ...JINA_V2, id: 'jina-embeddings-v2-base-code', path: 'jinaai/jina-embeddings-v2-base-code' },
]

/** Repositories of the original weights, under whose names models are asked for too, where they differ from `path`. */
const ORIGINALS: Readonly<Record<string, readonly string[]>> = {
  'sentence-transformers/': ['all-MiniLM-L6-v2'],
  'BAAI/': ['bge-small-en-v1.5', 'bge-m3', 'bge-large-en-v1.5', 'bge-large-zh-v1.5'],
  'intfloat/': ['e5-small-v2', 'multilingual-e5-small', 'multilingual-e5-base', 'multilingual-e5-large'],
  'thenlper/': ['gte-small', 'gte-base', 'gte-large'],
  'google/': ['embeddinggemma-300m'],
  'Qwen/': ['Qwen3-Embedding-0.6B'],
  'jinaai/': ['jina-embeddings-v2-base-en', 'jina-embeddings-v2-base-de', 'jina-embeddings-v2-base-zh'],
}

/** A model by its id, by its repository or by that of its original weights. */
export function findInCatalog(id: string): CatalogModel | undefined {
  const owner = id.slice(0, id.indexOf('/') + 1)
  const name = id.slice(owner.length)
  const original = Object.hasOwn(ORIGINALS, owner) && ORIGINALS[owner]?.includes(name) ? name : id
  return CATALOG.find((candidate) => candidate.id === original) ?? CATALOG.find(({ path }) => path === id)
}
