/**
 * SHA-1 and SHA-256 in JavaScript, for pages of insecure origins, which have no Web Crypto. Several times slower;
 * fetched only where it is needed. Source: FIPS 180-4.
 */

/** Fractional parts of the square roots of the first 8 primes, and of the cube roots of the first 64. */
const [START_256, ROUND_256] = ((): [Uint32Array, Uint32Array] => {
  const primes: number[] = []
  for (let candidate = 2; primes.length < 64; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate)
  }
  const fraction = (value: number): number => (value % 1) * 2 ** 32
  return [
    Uint32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime))),
    Uint32Array.from(primes, (prime) => fraction(Math.cbrt(prime))),
  ]
})()

const START_1 = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0)
const ROUND_1 = Uint32Array.of(0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6)

const rotateRight = (value: number, bits: number): number => (value >>> bits) | (value << (32 - bits))

function mix256(state: Uint32Array, words: Uint32Array): void {
  for (let t = 16; t < 64; t++) {
    const a = words[t - 15]!
    const b = words[t - 2]!
    const s0 = rotateRight(a, 7) ^ rotateRight(a, 18) ^ (a >>> 3)
    const s1 = rotateRight(b, 17) ^ rotateRight(b, 19) ^ (b >>> 10)
    words[t] = words[t - 16]! + s0 + words[t - 7]! + s1
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (let t = 0; t < 64; t++) {
    const s1 = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25)
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND_256[t]! + words[t]!) | 0
    const s0 = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22)
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  add(state, [a, b, c, d, e, f, g, h])
}

function mix1(state: Uint32Array, words: Uint32Array): void {
  for (let t = 16; t < 80; t++) {
    words[t] = rotateRight(words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^ words[t - 16]!, 31)
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = state
  for (let t = 0; t < 80; t++) {
    const round = Math.floor(t / 20)
    const chosen = round === 0 ? (b & c) ^ (~b & d) : round === 2 ? (b & c) ^ (b & d) ^ (c & d) : b ^ c ^ d
    const next = (rotateRight(a, 27) + chosen + e + ROUND_1[round]! + words[t]!) | 0
    e = d
    d = c
    c = rotateRight(b, 2)
    b = a
    a = next
  }
  add(state, [a, b, c, d, e])
}

function add(state: Uint32Array, values: readonly number[]): void {
  for (let i = 0; i < values.length; i++) state[i] = state[i]! + values[i]!
}

/** The digest's bytes, as `crypto.subtle.digest` gives them. */
export function softwareDigest(algorithm: 'SHA-1' | 'SHA-256', bytes: ArrayBuffer): ArrayBuffer {
  const is256 = algorithm === 'SHA-256'
  const state = Uint32Array.from(is256 ? START_256 : START_1)
  const words = new Uint32Array(80)
  const mix = is256 ? mix256 : mix1
  const whole = bytes.byteLength - (bytes.byteLength % 64)
  // The rest, a 1 bit, zeros, and the length in bits, in one block or two.
  const tail = new Uint8Array(bytes.byteLength - whole < 56 ? 64 : 128)
  tail.set(new Uint8Array(bytes, whole))
  tail[bytes.byteLength - whole] = 0x80
  new DataView(tail.buffer).setBigUint64(tail.length - 8, BigInt(bytes.byteLength) * 8n)
  for (const view of [new DataView(bytes, 0, whole), new DataView(tail.buffer)]) {
    for (let at = 0; at < view.byteLength; at += 64) {
      for (let i = 0; i < 16; i++) words[i] = view.getUint32(at + i * 4)
      mix(state, words)
    }
  }
  const digest = new DataView(new ArrayBuffer(state.length * 4))
  state.forEach((word, i) => {
    digest.setUint32(i * 4, word)
  })
  return digest.buffer
}
