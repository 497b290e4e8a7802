/** Models that API documents name and that cannot run here, with the catalogue's model that comes nearest. Data only. */

/** Why a model cannot run here, and what to take instead. */
export interface UnavailableModel {
  reason: string
  /** Id in the catalogue. */
  nearest: string
}

const CLOSED = 'its weights are not published'
const NOT_TEXT_ONLY = 'it embeds texts and images together'

export const UNAVAILABLE: Readonly<Record<string, UnavailableModel>> = {
  'text-embedding-3-small': { reason: CLOSED, nearest: 'all-MiniLM-L6-v2' },
  'text-embedding-3-large': { reason: CLOSED, nearest: 'bge-large-en-v1.5' },
  'text-embedding-ada-002': { reason: CLOSED, nearest: 'all-MiniLM-L6-v2' },
  'Baichuan-Text-Embedding': { reason: CLOSED, nearest: 'bge-large-zh-v1.5' },
  'zhipu-embedding-2': { reason: CLOSED, nearest: 'bge-large-zh-v1.5' },
  'jina-clip-v1': { reason: NOT_TEXT_ONLY, nearest: 'jina-embeddings-v2-base-en' },
  'jina-clip-v2': { reason: NOT_TEXT_ONLY, nearest: 'bge-m3' },
  'jina-colbert-v2': { reason: 'it gives a vector a token, not a vector a text', nearest: 'bge-m3' },
  // The task is an input of its own, by which the graph chooses an adapter.
  'jina-embeddings-v3': { reason: 'its graph needs inputs beyond tokens', nearest: 'bge-m3' },
  // On the hub: PyTorch weights, and ONNX files without a tokenizer.json.
  'netease-youdao/bce-embedding-base_v1': { reason: 'no complete ONNX build is published', nearest: 'bge-m3' },
}
