/** onnxruntime and the browser report failures as prose; these patterns turn it into codes of the contract. */

import { EmbeddingsError, type EmbeddingsErrorCode } from '../openai/errors.ts'
import { isPolicyRefusal, messageOf, toCompileError } from './compile-error.ts'

const OUT_OF_MEMORY =
  /out of memory|bad_alloc|failed to allocate|allocation failed|memory access out of bounds|could not allocate/i
const BAD_MODEL =
  /protobuf parsing failed|no graph was found|invalid model|failed to load model|unsupported model IR|opset|not a registered function|could not find an implementation|external data|type error|shape inference/i
const RUNTIME_FETCH =
  /failed to fetch|dynamically imported module|importing a module script failed|error loading dynamically imported|networkerror|both async and sync fetching of the wasm failed/i
/** What the three engines say of a module that wants other imports than the glue has. */
const TWO_VERSIONS = /LinkError|Import #\d|import (?:object|function) /

function codeOf(message: string, phase: 'create' | 'run'): EmbeddingsErrorCode {
  if (OUT_OF_MEMORY.test(message)) return 'out_of_memory'
  if (phase === 'run') return 'inference_failed'
  if (isPolicyRefusal(message)) return 'csp_blocked'
  if (BAD_MODEL.test(message)) return 'bad_model_file'
  return RUNTIME_FETCH.test(message) ? 'model_unreachable' : 'inference_failed'
}

const EXPLANATIONS: Partial<Record<EmbeddingsErrorCode, string>> = {
  out_of_memory: 'The browser has no memory left for this model or batch',
  bad_model_file: 'onnxruntime cannot read the model file',
  model_unreachable: 'The onnxruntime files could not be fetched (see the option runtimeUrl)',
}

/** The contract's error for what onnxruntime threw while making a session or running it. */
export function toSessionError(error: unknown, phase: 'create' | 'run'): EmbeddingsError {
  if (error instanceof EmbeddingsError) return error
  const message = messageOf(error)
  const code = codeOf(message, phase)
  if (code === 'csp_blocked') return toCompileError(error)
  const explanation =
    EXPLANATIONS[code] ??
    (phase === 'run'
      ? 'Inference failed'
      : TWO_VERSIONS.test(message)
        ? 'The onnxruntime files are not of one version (see the option runtimeUrl)'
        : 'The session could not be made')
  return new EmbeddingsError(code, `${explanation}: ${message}`, { cause: error })
}
