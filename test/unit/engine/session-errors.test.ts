/** Messages as onnxruntime-web 1.30 and Chromium, Firefox and WebKit really give them. */

import { describe, expect, test } from 'vitest'
import { toSessionError } from '../../../src/engine/session-errors.ts'
import { EmbeddingsError } from '../../../src/openai/errors.ts'

const LOADING =
  "Can't create a session. ERROR_CODE: 7, ERROR_MESSAGE: Failed to load model because protobuf parsing failed."

describe('making a session', () => {
  test.each([
    [507, 'out_of_memory', 'no available backend found. ERR: [wasm] RangeError: Out of memory'],
    [507, 'out_of_memory', 'RangeError: Array buffer allocation failed'],
    [507, 'out_of_memory', 'RangeError: WebAssembly.Memory(): could not allocate memory'],
    [507, 'out_of_memory', "Can't create a session. failed to allocate a buffer of size 34014426."],
    [507, 'out_of_memory', "Can't create a session. ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc"],
    [
      500,
      'csp_blocked',
      "no available backend found. ERR: [wasm] CompileError: WebAssembly.instantiate(): Compiling or instantiating WebAssembly module violates the following Content Security policy directive because 'unsafe-eval' is not an allowed source of script in the following Content Security Policy directive: \"script-src 'self'\"",
    ],
    [
      500,
      'csp_blocked',
      "no available backend found. ERR: [wasm] CompileError: call to WebAssembly.instantiate() blocked by CSP: 'wasm-unsafe-eval' missing, violates wasm-eval",
    ],
    [502, 'bad_model_file', LOADING],
    [
      502,
      'bad_model_file',
      "Can't create a session. ERROR_CODE: 2, ERROR_MESSAGE: No graph was found in the protobuf.",
    ],
    [
      502,
      'bad_model_file',
      "Can't create a session. ERROR_CODE: 9, ERROR_MESSAGE: Could not find an implementation for Foo(1) node; Foo is not a registered function/op",
    ],
    [
      502,
      'bad_model_file',
      "Can't create a session. ERROR_CODE: 1, ERROR_MESSAGE: Unsupported model IR version: 99, max supported IR version: 11",
    ],
    [
      502,
      'bad_model_file',
      "Can't create a session. ERROR_CODE: 9, ERROR_MESSAGE: Could not find an implementation for GatherBlockQuantized(1) node with name 'embed'",
    ],
    [
      502,
      'bad_model_file',
      'Can\'t create a session. ERROR_CODE: 1, ERROR_MESSAGE: Deserialize tensor weight failed.Failed to load external data file "model.onnx_data", error: Module.MountedFiles is not available.',
    ],
    [
      503,
      'model_unreachable',
      'no available backend found. ERR: [wasm] TypeError: Failed to fetch dynamically imported module: https://example.org/ort-wasm-simd-threaded.mjs',
    ],
    [
      503,
      'model_unreachable',
      'no available backend found. ERR: [wasm] RuntimeError: Aborted(both async and sync fetching of the wasm failed). Build with -sASSERTIONS for more info.',
    ],
    [
      503,
      'model_unreachable',
      'no available backend found. ERR: [wasm] TypeError: Importing a module script failed.',
    ],
    [500, 'inference_failed', 'no available backend found. ERR: [webgpu] Error: Failed to get GPU adapter.'],
  ])('%i %s', (status, code, message) => {
    const cause = new Error(message)
    const error = toSessionError(cause, 'create')
    expect(error).toBeInstanceOf(EmbeddingsError)
    expect(error).toMatchObject({ status, code, cause })
    // What really happened stays readable.
    expect(error.message).toContain(message)
  })

  test('a CSP fault says what to add', () => {
    const error = toSessionError(new Error("violates Content Security Policy: 'wasm-unsafe-eval'"), 'create')
    expect(error.message).toContain("'wasm-unsafe-eval' to script-src")
  })

  test('runtime files that cannot be fetched point at runtimeUrl', () => {
    expect(toSessionError(new TypeError('Failed to fetch'), 'create').message).toContain('runtimeUrl')
  })
})

describe('running a session', () => {
  test.each([
    [507, 'out_of_memory', 'RuntimeError: memory access out of bounds'],
    [507, 'out_of_memory', 'failed to call OrtRun(). ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc'],
    [
      500,
      'inference_failed',
      'failed to call OrtRun(). ERROR_CODE: 2, ERROR_MESSAGE: Non-zero status code returned while running Gather node. indices element out of data bounds, idx=99999',
    ],
    [500, 'inference_failed', 'RuntimeError: unreachable'],
    // Words of a loading fault mean nothing while running.
    [500, 'inference_failed', 'failed to call OrtRun(). type error: opset'],
  ])('%i %s', (status, code, message) => {
    const error = toSessionError(new Error(message), 'run')
    expect(error).toMatchObject({ status, code })
    expect(error.message).toContain(message)
  })

  test('a number thrown by Emscripten is told as it is', () => {
    expect(toSessionError(6_442_450_944, 'run')).toMatchObject({ code: 'inference_failed' })
    expect(toSessionError(6_442_450_944, 'run').message).toContain('6442450944')
  })
})

test('an error of the contract passes as it is', () => {
  const error = new EmbeddingsError('device_lost', 'gone')
  expect(toSessionError(error, 'run')).toBe(error)
})
