/**
 * Half-precision numbers (IEEE 754 binary16) as float32; every one of them is exact there.
 *
 * @param bits the numbers' bits
 */
export function widenHalves(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const wide = new Float32Array(bits.length)
  for (let index = 0; index < bits.length; index++) {
    const half = bits[index]!
    const sign = half & 0x8000 ? -1 : 1
    const exponent = (half >> 10) & 31
    const fraction = half & 1023
    if (exponent === 31) wide[index] = fraction === 0 ? sign * Infinity : NaN
    else wide[index] = sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25))
  }
  return wide
}
