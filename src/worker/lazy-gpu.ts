/** The code that tries GPUs and its verdicts, fetched when they are first needed: most devices never do. */

import { EmbeddingsError } from '../openai/errors.ts'
import type { GpuVerdict, ServiceConfig } from '../rpc/protocol.ts'
import type { GpuTrial, GpuVerdicts, TrialOptions } from './gpu-trial.ts'

interface Opened {
  Trial: typeof GpuTrial
  verdicts: GpuVerdicts
}

/** What one client knows of this device's GPUs. */
export class LazyGpu {
  readonly #config: ServiceConfig
  #opening: Promise<Opened> | null = null

  constructor(config: ServiceConfig) {
    this.#config = config
  }

  #open(): Promise<Opened> {
    return (this.#opening ??= this.#fetch())
  }

  async #fetch(): Promise<Opened> {
    const { storage, modelsUrl } = this.#config
    try {
      const { GpuTrial: Trial, GpuVerdicts } = await import('./gpu-trial.ts')
      return { Trial, verdicts: await GpuVerdicts.open(storage !== 'memory', modelsUrl) }
    } catch (cause) {
      this.#opening = null
      const message = `The library's own code for WebGPU could not be fetched: ${String(cause)}`
      throw new EmbeddingsError('model_unreachable', message, { cause })
    }
  }

  get #possible(): boolean {
    // Absent in some workers and on insecure origins, whatever the types say.
    return this.#config.device !== 'wasm' && (navigator as Partial<Navigator>).gpu !== undefined
  }

  /** Begins with it where it will be needed, so that it is there when a model's files are known. */
  prepare(): void {
    // Whoever needs it gets the failure.
    if (this.#possible) this.#open().catch(() => undefined)
  }

  /** A model's trial. @throws EmbeddingsError `model_unreachable` */
  async openTrial(options: Omit<TrialOptions, 'verdicts'>): Promise<GpuTrial> {
    const { Trial, verdicts } = await this.#open()
    return new Trial({ ...options, verdicts })
  }

  /** Verdicts on a model, newest first; empty where WebGPU is out of the question. @param path of the recipe */
  async verdicts(path: string): Promise<GpuVerdict[]> {
    if (!this.#possible) return []
    try {
      return await (await this.#open()).verdicts.ofModel(path)
    } catch {
      // `attempts` says that the code is missing; whoever asks for the status shall read that.
      return []
    }
  }

  /** Forgets what earlier trials of a model found. @param path of the recipe */
  async forget(path: string): Promise<void> {
    await (await this.#open()).verdicts.forget(path)
  }
}
