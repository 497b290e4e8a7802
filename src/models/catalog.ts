/** Models that the library knows without a manifest. Data only. */

import type { ModelRecipe, ModelVariant } from './recipe.ts'

/** The hub's quantised file of an encoder exported by transformers.js: token vectors out, pooling outside. */
const HUB_Q8: ModelVariant = {
  device: 'wasm',
  dtype: 'q8',
  file: 'onnx/model_quantized.onnx',
  externalData: [],
  output: 'last_hidden_state',
  pooled: false,
  disabledOptimizers: [],
}

const BERT_ENGLISH = {
  vocabSize: 30_522,
  padTokenId: 0,
  paddingSide: 'right',
  variants: [HUB_Q8],
  knownAnswer: undefined,
  files: [],
} as const

const HUB_ENCODER = {
  revision: 'main',
  created: 0,
  padTokenId: 0,
  paddingSide: 'right',
  prompts: {},
  variants: [HUB_Q8],
  knownAnswer: undefined,
  files: [],
} as const

/** JinaBERT with ALiBi: no position table, trained to 8,192 tokens; mean pooling, no prompt. */
const JINA_V2 = {
  ...HUB_ENCODER,
  ownedBy: 'jinaai',
  dimensions: [768],
  maxTokens: 8192,
  pooling: 'mean',
} as const

export const CATALOG: readonly ModelRecipe[] = [
  {
    ...BERT_ENGLISH,
    id: 'all-MiniLM-L6-v2',
    path: 'Xenova/all-MiniLM-L6-v2',
    revision: 'main',
    created: 1_630_281_600,
    ownedBy: 'sentence-transformers',
    // Not Matryoshka-trained; measured Spearman on STS-B test: 0.8195, 0.8181, 0.8056, 0.7895.
    dimensions: [384, 256, 128, 64],
    maxTokens: 256,
    pooling: 'mean',
    prompts: {},
  },
  {
    ...BERT_ENGLISH,
    id: 'bge-small-en-v1.5',
    path: 'Xenova/bge-small-en-v1.5',
    revision: 'main',
    created: 1_694_476_800,
    ownedBy: 'BAAI',
    dimensions: [384],
    maxTokens: 512,
    pooling: 'cls',
    prompts: { query: 'Represent this sentence for searching relevant passages: ' },
  },
  {
    ...BERT_ENGLISH,
    id: 'e5-small-v2',
    path: 'Xenova/e5-small-v2',
    revision: 'main',
    created: 1_684_454_400,
    ownedBy: 'intfloat',
    dimensions: [384],
    maxTokens: 512,
    pooling: 'mean',
    prompts: {
      query: 'query: ',
      document: 'passage: ',
      similarity: 'query: ',
      classification: 'query: ',
      clustering: 'query: ',
    },
  },
  // Below: what the API documents in ../shared/api-docs name besides, as far as a build is published that runs here.
  // Looked up on the hub's pages on 2026-11-21 (files, config.json, 1_Pooling/config.json, model cards); 138 to 570 MB
  // each, and not run in this repository's tests. `created` is 0 where no date was found.
  {
    ...HUB_ENCODER,
    // XLM-RoBERTa; 8,194 positions, of which two are reserved. Its card asks for no prompt.
    id: 'bge-m3',
    path: 'Xenova/bge-m3',
    ownedBy: 'BAAI',
    dimensions: [1024],
    maxTokens: 8192,
    pooling: 'cls',
    vocabSize: 250_002,
    padTokenId: 1,
  },
  {
    ...HUB_ENCODER,
    // 1,024 dimensions by its config.json; one of the documents says 768.
    id: 'bge-large-en-v1.5',
    path: 'Xenova/bge-large-en-v1.5',
    ownedBy: 'BAAI',
    dimensions: [1024],
    maxTokens: 512,
    pooling: 'cls',
    vocabSize: 30_522,
    prompts: { query: 'Represent this sentence for searching relevant passages: ' },
  },
  {
    ...HUB_ENCODER,
    id: 'bge-large-zh-v1.5',
    path: 'Xenova/bge-large-zh-v1.5',
    ownedBy: 'BAAI',
    dimensions: [1024],
    maxTokens: 512,
    pooling: 'cls',
    vocabSize: 21_128,
    prompts: { query: '为这个句子生成表示以用于检索相关文章：' },
  },
  { ...JINA_V2, id: 'jina-embeddings-v2-base-en', path: 'Xenova/jina-embeddings-v2-base-en', vocabSize: 30_528 },
  { ...JINA_V2, id: 'jina-embeddings-v2-base-de', path: 'Xenova/jina-embeddings-v2-base-de', vocabSize: 61_056 },
  // No config.json of it was found; its graphs have the very size of those with 61,056 tokens.
  {
    ...JINA_V2,
    id: 'jina-embeddings-v2-base-zh',
    path: 'Xenova/jina-embeddings-v2-base-zh',
    vocabSize: 61_056,
    created: 1_704_758_400,
  },
  {
    ...JINA_V2,
    id: 'jina-embeddings-v2-base-es',
    path: 'jinaai/jina-embeddings-v2-base-es',
    vocabSize: 61_056,
    created: 1_708_560_000,
  },
  { ...JINA_V2, id: 'jina-embeddings-v2-base-code', path: 'jinaai/jina-embeddings-v2-base-code', vocabSize: 61_056 },
]

/** Repositories of the original weights, under whose names models are asked for too → id in the catalogue. */
export const ORIGINAL_NAMES: Readonly<Record<string, string>> = {
  'sentence-transformers/all-MiniLM-L6-v2': 'all-MiniLM-L6-v2',
  'BAAI/bge-small-en-v1.5': 'bge-small-en-v1.5',
  'intfloat/e5-small-v2': 'e5-small-v2',
  'BAAI/bge-m3': 'bge-m3',
  'BAAI/bge-large-en-v1.5': 'bge-large-en-v1.5',
  'BAAI/bge-large-zh-v1.5': 'bge-large-zh-v1.5',
  'jinaai/jina-embeddings-v2-base-en': 'jina-embeddings-v2-base-en',
  'jinaai/jina-embeddings-v2-base-de': 'jina-embeddings-v2-base-de',
  'jinaai/jina-embeddings-v2-base-zh': 'jina-embeddings-v2-base-zh',
}
