/** Verdicts and computed known answers by model and device: names their keys, checks what is read. */

import type { AdapterFacts } from '../engine/webgpu-adapter.ts'
import { ONNXRUNTIME_VERSION } from '../engine/runtime-files.ts'
import type { ModelRecipe, ModelVariant } from '../models/recipe.ts'
import type { BackendComparison, BackendTimes, GpuVerdict } from '../rpc/protocol.ts'
import { GpuRecords } from './gpu-records.ts'
import type { KnownVector } from './known-answer.ts'

interface VerdictRecord {
  kind: 'verdict'
  at: number
  verdict: GpuVerdict
}

interface AnswerRecord extends KnownVector {
  kind: 'answer'
  at: number
}

/** The verdicts of one client's models. */
export class GpuVerdicts {
  readonly #records: GpuRecords
  readonly #modelsUrl: string

  private constructor(records: GpuRecords, modelsUrl: string | null) {
    this.#records = records
    // The same id under another address may be another model.
    this.#modelsUrl = modelsUrl ?? 'hub'
  }

  static async open(lasting: boolean, modelsUrl: string | null): Promise<GpuVerdicts> {
    return new GpuVerdicts(await GpuRecords.open(lasting), modelsUrl)
  }

  /** Why nothing is kept for the next visit; null where it is, or need not be. */
  get notKept(): string | null {
    return this.#records.reason
  }

  #modelPrefix(path: string): string {
    return `${this.#modelsUrl}|${path}@`
  }

  /** Names the weights by their hashes, where they are known: a revision alone may be `main`. */
  #key(recipe: ModelRecipe, kind: string, device: string): string {
    const hashes = recipe.variants.map(
      ({ file }) => recipe.files.find(({ path }) => path === file)?.sha256?.slice(0, 12) ?? '',
    )
    return `${this.#modelPrefix(recipe.path)}${recipe.revision}|${kind}|${device}|${hashes.join()}`
  }

  async #verdictKey(recipe: ModelRecipe, { file }: ModelVariant, adapter: AdapterFacts): Promise<string> {
    const device = [file, adapter.identity, await browserVersion(), ONNXRUNTIME_VERSION].join('|')
    return this.#key(recipe, 'verdict', device)
  }

  async find(recipe: ModelRecipe, variant: ModelVariant, adapter: AdapterFacts): Promise<GpuVerdict | null> {
    const record = await this.#records.get(await this.#verdictKey(recipe, variant, adapter))
    return isVerdictRecord(record) ? record.verdict : null
  }

  /**
   * Keeps a verdict, unless its model was unloaded meanwhile: it may have been deleted, and all that is known of it.
   *
   * @throws the signal's reason
   */
  async put(
    recipe: ModelRecipe,
    variant: ModelVariant,
    adapter: AdapterFacts,
    found: Pick<GpuVerdict, 'passed' | 'cosine' | 'leastCosine' | 'comparison'>,
    signal?: AbortSignal,
  ): Promise<GpuVerdict> {
    const at = Date.now()
    const { dtype, file } = variant
    const { revision } = recipe
    const browser = await browserVersion()
    const { passed, cosine, leastCosine, comparison } = found
    const result = { passed, cosine, leastCosine, comparison, testedAt: at }
    const verdict: GpuVerdict = { adapter: adapter.name, browser, revision, dtype, file, ...result }
    const record: VerdictRecord = { kind: 'verdict', at, verdict }
    const key = await this.#verdictKey(recipe, variant, adapter)
    // From here on a deletion comes after it.
    signal?.throwIfAborted()
    await this.#records.put(key, record)
    return verdict
  }

  /** Of all revisions, adapters and browser versions, newest first. @param path of the recipe */
  async ofModel(path: string): Promise<GpuVerdict[]> {
    const records = await this.#records.under(this.#modelPrefix(path))
    return records.filter(isVerdictRecord).map(({ verdict }) => verdict)
  }

  /** The answer computed on this device before; null where there is none. */
  async answer(recipe: ModelRecipe): Promise<KnownVector | null> {
    const record = await this.#records.get(this.#key(recipe, 'answer', ''))
    return isAnswerRecord(record, recipe) ? record : null
  }

  /** As `put`. */
  async putAnswer(
    recipe: ModelRecipe,
    { tokens, embedding, dtype }: KnownVector,
    signal?: AbortSignal,
  ): Promise<void> {
    signal?.throwIfAborted()
    const record: AnswerRecord = { kind: 'answer', at: Date.now(), tokens, embedding, dtype }
    await this.#records.put(this.#key(recipe, 'answer', ''), record)
  }

  /** Forgets everything of a model. @param path of the recipe */
  forget(path: string): Promise<void> {
    return this.#records.deleteUnder(this.#modelPrefix(path))
  }
}

/** Chromium tells its full version only here; elsewhere the user agent's word has to do. */
interface UserAgentData {
  getHighEntropyValues(hints: readonly string[]): Promise<{
    platform?: string
    platformVersion?: string
    fullVersionList?: readonly { brand: string; version: string }[]
  }>
}

async function browserVersion(): Promise<string> {
  const { userAgentData } = navigator as { userAgentData?: UserAgentData }
  if (userAgentData === undefined) return navigator.userAgent
  const told = await userAgentData.getHighEntropyValues(['platformVersion', 'fullVersionList'])
  // One of the brands is made up, and another one each time.
  const brands = (told.fullVersionList ?? []).filter(({ brand }) => !/not.*brand/i.test(brand))
  const names = brands.map(({ brand, version }) => `${brand} ${version}`)
  return [...names, `${told.platform ?? ''} ${told.platformVersion ?? ''}`].join(', ')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

const VERDICT_TEXTS = ['adapter', 'browser', 'revision', 'dtype', 'file']

/** Milliseconds, as far as `Date` reaches. */
const LAST_DATE = 8.64e15

function isVerdictRecord(value: unknown): value is VerdictRecord {
  if (!isRecord(value) || !isRecord(value['verdict'])) return false
  const { passed, comparison, leastCosine, cosine, testedAt, ...texts } = value['verdict']
  return (
    value['kind'] === 'verdict' &&
    typeof passed === 'boolean' &&
    Number.isFinite(leastCosine) &&
    (cosine === null || Number.isFinite(cosine)) &&
    // A later one cannot be told as a date.
    typeof testedAt === 'number' &&
    Math.abs(testedAt) <= LAST_DATE &&
    VERDICT_TEXTS.every((name) => typeof texts[name] === 'string') &&
    (comparison === null || isComparison(comparison))
  )
}

function isComparison(value: Partial<BackendComparison> | undefined): boolean {
  const timed = (times: Partial<BackendTimes> | undefined): boolean =>
    Number.isFinite(times?.query) && Number.isFinite(times?.bulk)
  return (
    Number.isFinite(value?.agreement) &&
    typeof value?.cpu === 'string' &&
    timed(value.webgpu) &&
    timed(value.wasm)
  )
}

function isAnswerRecord(
  value: unknown,
  { dimensions, vocabSize, maxTokens }: ModelRecipe,
): value is AnswerRecord {
  if (!isRecord(value) || value['kind'] !== 'answer' || typeof value['dtype'] !== 'string') return false
  const { tokens, embedding } = value
  return (
    tokens instanceof Int32Array &&
    tokens.length > 0 &&
    tokens.length <= maxTokens &&
    tokens.every((token) => token >= 0 && token < vocabSize) &&
    embedding instanceof Float32Array &&
    embedding.length === dimensions[0] &&
    embedding.every(Number.isFinite)
  )
}
