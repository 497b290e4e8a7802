/** A model file that is no ONNX file, or is damaged; the message says what was found and what was expected. */
export class OnnxFileError extends Error {
  override readonly name = 'OnnxFileError'
}
