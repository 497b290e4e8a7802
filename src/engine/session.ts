/** The onnxruntime session, on WebGPU or WASM. The only file that imports onnxruntime-web. */

import type { Env, InferenceSession, Tensor } from 'onnxruntime-web'
import { EmbeddingsError } from '../openai/errors.ts'
import { widenHalves } from '../vectors/half.ts'
import { normalizeRows } from '../vectors/normalize.ts'
import { adapterName } from './adapter-name.ts'
import { padBatch, type PaddedBatch, type TokenBatch } from './batch.ts'
import { editModel } from './edited-model.ts'
import type { EmbeddingSession, ModelConfig, OnnxRuntimeConfig, RuntimeBuild } from './embedding-session.ts'
import { inputFillers, type FillInput } from './graph-inputs.ts'
import type { ChosenOutput, GraphOutput } from './graph-outputs.ts'
import { OneByOneSession } from './one-by-one-session.ts'
import { poolHiddenStates } from './pooling.ts'
import { toSessionError } from './session-errors.ts'

type OnnxSessionConfig = OnnxRuntimeConfig & ModelConfig

interface OnnxRuntime {
  env: Env
  InferenceSession: typeof InferenceSession
  Tensor: typeof Tensor
}

/** Literal specifiers, so that a bundler makes one chunk of each and a page loads only the one it runs. */
const RUNTIMES: Record<RuntimeBuild, () => Promise<OnnxRuntime>> = {
  jspi: () => import('onnxruntime-web/jspi'),
  asyncify: () => import('onnxruntime-web/webgpu'),
  wasm: () => import('onnxruntime-web/wasm'),
}

/** The smallest graph (one `Identity`): making a session of it compiles and starts the WebAssembly module. */
const SMALLEST_GRAPH =
  'CAc6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEA0='

async function openRuntime(config: OnnxRuntimeConfig): Promise<OnnxRuntime> {
  const runtime = await RUNTIMES[config.build]()
  // Explicit addresses: without them onnxruntime may start its threads from the bundled worker script itself.
  runtime.env.wasm.wasmPaths = config.runtime
  runtime.env.wasm.numThreads = config.threads
  runtime.env.logLevel = 'error'
  return runtime
}

/**
 * Fetches, compiles and starts onnxruntime, so that this runs beside the reading of the model: it is most of a cold
 * start, whatever the graph.
 *
 * @throws EmbeddingsError `csp_blocked`, `out_of_memory`, `model_unreachable`, `inference_failed`
 */
export async function prepareOnnxRuntime(config: OnnxRuntimeConfig): Promise<void> {
  try {
    const runtime = await openRuntime(config)
    const bytes = Uint8Array.from(atob(SMALLEST_GRAPH), (character) => character.charCodeAt(0))
    const session = await runtime.InferenceSession.create(bytes, { executionProviders: ['wasm'] })
    await session.release()
  } catch (error) {
    throw toSessionError(error, 'create')
  }
}

/**
 * Makes a session from an ONNX file.
 *
 * @throws EmbeddingsError `bad_model_file`, `csp_blocked`, `out_of_memory`, `model_unreachable`, `inference_failed`
 */
export async function createOnnxSession(config: OnnxSessionConfig): Promise<EmbeddingSession> {
  try {
    const runtime = await openRuntime(config)
    const { model, output, paddingSide, batchDependent, notes } = editModel(config)
    const session = await runtime.InferenceSession.create(model, {
      executionProviders: [config.device],
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      ...(config.externalData.length === 0 ? {} : { externalData: [...config.externalData] }),
      ...(config.disabledOptimizers.length === 0
        ? {}
        : {
            extra: {
              optimization: { disable_specified_optimizers: config.disabledOptimizers.join(';') },
            },
          }),
    })
    const inputs = inputFillers(valuesOf(session.inputMetadata))
    const gpu = config.device === 'webgpu' ? await runtime.env.webgpu.device : null
    // Not the whole configuration: the model's bytes would stay in memory with it.
    const { width, pooling, padTokenId } = config
    const graph = { inputs, output, notes, paddingSide, width, pooling, padTokenId }
    const made = new OnnxSession(runtime, session, graph, gpu)
    return batchDependent ? new OneByOneSession(made) : made
  } catch (error) {
    throw toSessionError(error, 'create')
  }
}

function valuesOf(metadata: readonly InferenceSession.ValueMetadata[]): GraphOutput[] {
  return metadata.map((value) => ({
    name: value.name,
    type: value.isTensor ? value.type : 'no tensor',
    shape: value.isTensor ? value.shape : [],
  }))
}

/** How a graph is fed and read. */
interface GraphUse extends Pick<ModelConfig, 'width' | 'pooling' | 'padTokenId' | 'paddingSide'> {
  inputs: ReadonlyMap<string, FillInput>
  output: ChosenOutput
  notes: readonly string[]
}

class OnnxSession implements EmbeddingSession {
  readonly adapter: string | null
  readonly lost: Promise<string>
  readonly notes: readonly string[]
  readonly #runtime: OnnxRuntime
  readonly #session: InferenceSession
  readonly #graph: GraphUse
  #lostReason: string | null = null

  constructor(runtime: OnnxRuntime, session: InferenceSession, graph: GraphUse, gpu: GPUDevice | null) {
    this.#runtime = runtime
    this.#session = session
    this.#graph = graph
    this.notes = graph.notes
    this.adapter = gpu === null ? null : adapterName(gpu.adapterInfo)
    this.lost =
      gpu === null
        ? new Promise(() => undefined)
        : gpu.lost.then(({ reason, message }) => {
            this.#lostReason = `${reason}: ${message}`
            return this.#lostReason
          })
  }

  async run(batch: TokenBatch): Promise<Float32Array<ArrayBuffer>> {
    // After a loss the Asyncify build would block this thread for ever (onnxruntime-web 1.30): never run again.
    if (this.#isLost()) throw this.#deviceLost(undefined)
    const { output: wanted, padTokenId, paddingSide } = this.#graph
    const padded = padBatch(batch, padTokenId, paddingSide)
    try {
      const output = (await this.#session.run(this.#feeds(padded), [wanted.name]))[wanted.name]
      if (output === undefined) throw new Error(`onnxruntime returned no ${wanted.name}`)
      return this.#readRows(output, batch, padded)
    } catch (error) {
      // The loss itself may be reported just after the run that it broke.
      await Promise.race([
        this.lost,
        new Promise((resolve) => setTimeout(resolve, this.adapter === null ? 0 : 50)),
      ])
      throw this.#isLost() ? this.#deviceLost(error) : toSessionError(error, 'run')
    }
  }

  async dispose(): Promise<void> {
    if (!this.#isLost()) await this.#session.release()
  }

  #isLost(): boolean {
    return this.#lostReason !== null
  }

  #deviceLost(cause: unknown): EmbeddingsError {
    return new EmbeddingsError('device_lost', `The GPU device was lost (${this.#lostReason ?? 'no reason'}).`, {
      cause,
    })
  }

  #feeds(padded: PaddedBatch): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = {}
    for (const [name, fill] of this.#graph.inputs) {
      const { type, data, dims } = fill(padded)
      feeds[name] = new this.#runtime.Tensor(type, data, dims)
    }
    return feeds
  }

  #readRows(output: Tensor, batch: TokenBatch, padded: PaddedBatch): Float32Array<ArrayBuffer> {
    const { width, pooling } = this.#graph
    const { pooled } = this.#graph.output
    const expected = pooled ? [padded.rows, width] : [padded.rows, padded.columns, width]
    if ((output.type !== 'float32' && output.type !== 'float16') || output.dims.join() !== expected.join()) {
      throw new EmbeddingsError(
        'bad_model_file',
        `The graph's output is ${output.type} [${output.dims.join(', ')}]; expected float32 or float16 ` +
          `[${expected.join(', ')}].`,
      )
    }
    const data = output.type === 'float16' ? widened(output.data) : (output.data as Float32Array)
    // slice(): the data may be a view of the runtime's whole memory, which must not be posted along.
    const rows = pooled ? data.slice() : poolHiddenStates(data, batch.lengths, padded.columns, width, pooling)
    output.dispose()
    // Not every graph that pools normalises as well, and to do it twice changes nothing.
    normalizeRows(rows, width)
    return rows as Float32Array<ArrayBuffer>
  }
}

/** float16 comes as its bits, or as numbers where the browser has an array of them. */
function widened(data: Tensor['data']): Float32Array {
  return data instanceof Uint16Array ? widenHalves(data) : Float32Array.from(data as ArrayLike<number>)
}
