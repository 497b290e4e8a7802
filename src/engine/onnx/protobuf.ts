/**
 * Reads the wire format of protocol buffers (protobuf.dev/programming-guides/encoding). The bytes are untrusted: every
 * length is checked against the message that it lies in.
 */

import { OnnxFileError } from './onnx-file-error.ts'

const VARINT = 0
const FIXED64 = 1
const LENGTH = 2
const FIXED32 = 5

const utf8 = new TextDecoder('utf-8')

/** One message, read field by field: `while (message.next()) switch (message.field) …`. */
export class Message {
  /** Number of the field that `next` came to. */
  field = 0
  /** Where that field begins, in bytes from the start of the buffer that holds the message. */
  fieldStart = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #position = 0
  #wireType = VARINT

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Goes to the next field; false at the end. The value must then be read by one of the methods below, or skipped. */
  next(): boolean {
    if (this.#position >= this.#bytes.length) return false
    this.fieldStart = this.#bytes.byteOffset + this.#position
    const tag = this.#varint()
    this.field = Math.floor(tag / 8)
    this.#wireType = tag % 8
    return true
  }

  #take(count: number): number {
    const start = this.#position
    if (count < 0 || count > this.#bytes.length - start) {
      throw new OnnxFileError(`a field of ${String(count)} bytes goes beyond the end of its message`)
    }
    this.#position = start + count
    return start
  }

  /** A varint of up to 64 bits, as a signed number; beyond 2^53 it is not exact. */
  #varint(): number {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.#take(1)] ?? 0
      const bits = byte & 127
      if (shift < 28) low += bits * 2 ** shift
      else if (shift < 63) high += bits * 2 ** (shift - 28)
      else high += (bits & 1) * 2 ** 35
      if (byte < 128) return (high >= 2 ** 35 ? high - 2 ** 36 : high) * 2 ** 28 + low
    }
    throw new OnnxFileError('a number has more than ten bytes')
  }

  #expect(wireType: number): void {
    if (this.#wireType === wireType) return
    throw new OnnxFileError(
      `field ${String(this.field)} has wire type ${String(this.#wireType)}; expected ${String(wireType)}`,
    )
  }

  /** Passes over the field's value. */
  skip(): void {
    if (this.#wireType === VARINT) this.#varint()
    else if (this.#wireType === FIXED64) this.#take(8)
    else if (this.#wireType === LENGTH) this.#take(this.#varint())
    else if (this.#wireType === FIXED32) this.#take(4)
    else throw new OnnxFileError(`unknown wire type ${String(this.#wireType)}`)
  }

  integer(): number {
    this.#expect(VARINT)
    return this.#varint()
  }

  float(): number {
    this.#expect(FIXED32)
    return this.#view.getFloat32(this.#take(4), true)
  }

  /** A view of the field's bytes. */
  bytes(): Uint8Array {
    this.#expect(LENGTH)
    const length = this.#varint()
    const start = this.#take(length)
    return this.#bytes.subarray(start, start + length)
  }

  text(): string {
    return utf8.decode(this.bytes())
  }

  message(): Message {
    return new Message(this.bytes())
  }

  /** Appends a repeated number, which may stand alone or packed with others. */
  integersInto(list: number[]): void {
    if (this.#wireType !== LENGTH) {
      list.push(this.integer())
      return
    }
    const packed = this.message()
    while (packed.#position < packed.#bytes.length) list.push(packed.#varint())
  }

  /** Appends a repeated float32, which may stand alone or packed with others. */
  floatsInto(list: number[]): void {
    if (this.#wireType !== LENGTH) {
      list.push(this.float())
      return
    }
    const packed = this.message()
    while (packed.#position < packed.#bytes.length) list.push(packed.#view.getFloat32(packed.#take(4), true))
  }
}
