/** In which order the backends of a model come up: by the option `device`, and by what is known of this device's GPU. */

import { EmbeddingsError } from '../openai/errors.ts'
import type { AttemptLog } from './attempt-log.ts'
import { allOn, isAll, type Serving } from './backend-choice.ts'
import type { BackendLane } from './backend-lane.ts'
import { isNotTheBackend } from './backend-ladder.ts'
import type { GpuContender } from './gpu-contender.ts'
import type { GpuCandidate, StartedGpu } from './gpu-trial.ts'
import type { ModelBackendsOptions } from './model-backends-options.ts'

export interface BackendStartOptions extends Pick<ModelBackendsOptions, 'recipe' | 'config' | 'signal'> {
  log: AttemptLog
  /** Null: the CPU has no backend for the model. */
  cpu: BackendLane | null
  contender: GpuContender
  /** Lets a GPU serve, or ends it where the model was unloaded meanwhile. */
  take: (gpu: StartedGpu, serving: Serving) => void
}

/** One model's start. */
export class BackendStart {
  readonly #options: BackendStartOptions

  constructor(options: BackendStartOptions) {
    this.#options = options
  }

  /**
   * Brings up the first backend that passes its test. On `auto` that is the CPU's, and a GPU is tried beside it, also
   * after the start; unless it was best on an earlier visit, or has other weights than the CPU: that is waited for.
   *
   * @throws EmbeddingsError the last backend's own error; `unsupported_environment` when none was left to try; the
   *   signal's reason
   */
  async run(): Promise<void> {
    const { device } = this.#options.config
    if (device === 'wasm') await this.#onCpu()
    else if (device === 'webgpu') await this.#onGpu()
    else await this.#onEither()
  }

  async #onCpu(): Promise<void> {
    const { cpu, log } = this.#options
    if (cpu === null) throw log.nothingLeft()
    await cpu.start()
  }

  async #onGpu(): Promise<void> {
    const { contender, log } = this.#options
    const candidate = await contender.look()
    const failure = candidate === null ? log.nothingLeft() : await this.#with(candidate)
    if (failure !== null) throw failure
  }

  async #onEither(): Promise<void> {
    const { recipe, log, cpu, contender } = this.#options
    // Absent in some workers and on insecure origins, whatever the types say.
    const hasGpu = (navigator as Partial<Navigator>).gpu !== undefined
    if (!hasGpu || !recipe.variants.some(({ device }) => device === 'webgpu')) {
      log.note('webgpu', hasGpu ? 'the model has no graph for WebGPU' : 'no navigator.gpu')
      return this.#onCpu()
    }
    if (cpu === null) return this.#onGpu()
    log.open('waiting for the adapter')
    const looking = contender.look()
    if (await contender.wasBest()) {
      const candidate = await looking
      const serving = candidate === null ? null : contender.remembered(candidate)
      if (candidate !== null && serving !== null && isAll('webgpu', serving)) {
        if ((await this.#with(candidate)) !== null) await this.#onCpu()
        return
      }
    }
    try {
      await this.#onCpu()
    } catch (error) {
      if (!(error instanceof EmbeddingsError) || isNotTheBackend(error)) throw error
      const candidate = await looking
      if (candidate === null || (await this.#with(candidate)) !== null) throw error
      return
    }
    const contest = this.#contest(looking, cpu)
    const dtype = cpu.chosen?.variant.dtype
    // Other weights give another vector space. It must not change once a vector was given out, nor from one visit to the
    // next: vectors that a page has kept would be lost to it.
    if (recipe.variants.some((variant) => variant.device === 'webgpu' && variant.dtype !== dtype)) await contest
  }

  /** Starts on the GPU alone. @returns the failure, which is noted; null when it serves */
  async #with(candidate: GpuCandidate): Promise<EmbeddingsError | null> {
    const { signal, take, contender, cpu, log } = this.#options
    try {
      take(await contender.start(candidate, cpu), allOn('webgpu'))
      return null
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof EmbeddingsError)) throw error
      log.note('webgpu', error.message)
      return error
    }
  }

  async #contest(looking: Promise<GpuCandidate | null>, cpu: BackendLane): Promise<void> {
    const candidate = await looking
    if (candidate === null) return
    const takeover = await this.#options.contender.contend(candidate, cpu)
    if (takeover !== null) this.#options.take(takeover.gpu, takeover.serving)
  }
}
