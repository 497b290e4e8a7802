import OpenAI from 'openai'
import { EmbeddingsClient } from 'browser-embeddings'

const aliases = { 'text-embedding-3-small': 'all-MiniLM-L6-v2' }
const { fetch } = new EmbeddingsClient({ modelsUrl: '/models/', aliases })
// The key is asked for by the SDK and sent nowhere; the address may be any: nothing leaves the page.
const baseURL = 'https://local.test/v1'
const openai = new OpenAI({ apiKey: 'local', baseURL, fetch, dangerouslyAllowBrowser: true })

const body = { model: 'text-embedding-3-small', input: 'I forgot my login.' }
export const response = await openai.embeddings.create(body)
