/** Why a model file is left to onnxruntime. */

/** Kinds of reasons: damaged bytes, a graph of another kind, sizes that the encoder does not have. */
export type UnsupportedKind = 'file' | 'graph' | 'shape'

/** Thrown while a file is read; the message says what was found and what was expected. */
export class UnsupportedModelError extends Error {
  override readonly name = 'UnsupportedModelError'
  readonly kind: UnsupportedKind

  constructor(kind: UnsupportedKind, message: string) {
    super(message)
    this.kind = kind
  }
}
