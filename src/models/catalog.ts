/** Models that the library knows without a manifest. Data only. */

import type { ModelRecipe, ModelVariant } from './recipe.ts'

/** The hub's quantised file of an encoder exported by transformers.js: token vectors out, pooling outside. */
const HUB_Q8: ModelVariant = {
  device: 'wasm',
  dtype: 'q8',
  file: 'onnx/model_quantized.onnx',
  output: 'last_hidden_state',
  pooled: false,
  disabledOptimizers: [],
}

const BERT_ENGLISH = { vocabSize: 30_522, padTokenId: 0, variants: [HUB_Q8], knownAnswer: undefined, files: [] }

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
]
