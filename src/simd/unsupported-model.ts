/** Why a model file is left to onnxruntime. */

/** Kinds of reasons: a graph of another kind, sizes that the encoder does not have. */
export type UnsupportedKind = 'graph' | 'shape'

/** Thrown while a graph is matched; the message says what was found and what was expected. */
export class UnsupportedModelError extends Error {
  override readonly name = 'UnsupportedModelError'
  readonly kind: UnsupportedKind

  constructor(kind: UnsupportedKind, message: string) {
    super(message)
    this.kind = kind
  }
}
