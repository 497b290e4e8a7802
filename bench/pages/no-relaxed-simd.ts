/** Makes a thread find no relaxed SIMD, as in WebKit: the probe's module, and only that, counts as not valid. */

/** `0xfd 0x93 0x02`: `i32x4.relaxed_dot_i8x16_i7x16_add_s`. */
const RELAXED_DOT = [0xfd, 0x93, 0x02]

const validate = WebAssembly.validate.bind(WebAssembly)

WebAssembly.validate = (source) => {
  const bytes = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source)
  const isProbe =
    bytes.length < 200 && bytes.some((_, at) => RELAXED_DOT.every((byte, next) => bytes[at + next] === byte))
  return !isProbe && validate(source)
}
