/** Activations as the dot products get them: exact on every CPU only within 0…127 (see src/simd/assembly/dot.ts). */

import { describe, expect, it } from 'vitest'
import { plainModule } from './reference.ts'

const WIDTH = 256
const BLOCK = 64
/** Addresses behind the module's own constants. */
const [LINEAR, SMOOTHING, FROM, TO, SCALES] = [65_536, 65_600, 70_000, 80_000, 90_000]

interface Quantizer {
  quantizeActivations: (
    ...args: [
      from: number,
      to: number,
      scales: number,
      linear: number,
      rows: number,
      stride: number,
      fused: number,
    ]
  ) => void
}

async function quantize(values: readonly number[], smoothing = 1) {
  const memory = new WebAssembly.Memory({ initial: 4 })
  const { module } = await plainModule()
  const instance = await WebAssembly.instantiate(module, { env: { memory } })
  const fields = [0, 0, 0, 0, SMOOTHING, WIDTH, 0, BLOCK, 0]
  new Uint32Array(memory.buffer, LINEAR, fields.length).set(fields)
  new Float32Array(memory.buffer, SMOOTHING, WIDTH).fill(smoothing)
  new Float32Array(memory.buffer, FROM, WIDTH).set(values)
  const { quantizeActivations } = instance.exports as unknown as Quantizer
  quantizeActivations(FROM, TO, SCALES, LINEAR, 1, 1, 0)
  const steps = new Uint8Array(memory.buffer, TO, WIDTH)
  const scaleOf = (at: number) => new Float32Array(memory.buffer, SCALES + Math.floor(at / BLOCK) * 16, 1)[0]!
  const zeroOf = (at: number) => -new Int32Array(memory.buffer, SCALES + Math.floor(at / BLOCK) * 16 + 4, 1)[0]!
  return { steps, back: Array.from(steps, (step, at) => (step - zeroOf(at)) * scaleOf(at)), scaleOf, zeroOf }
}

const random = (center: number, extent: number, seed: number): number[] =>
  Array.from({ length: WIDTH }, (_, at) => center + extent * Math.sin((at + 1) * (at + seed) * 12.9898))

describe('activations', () => {
  it.each([
    ['around zero', random(0, 3, 1)],
    ['all positive', random(5, 1, 2)],
    ['all negative', random(-5, 1, 3)],
    ['with an outlier', random(0, 1, 4).with(70, 900)],
    ['tiny', random(0, 1e-18, 5)],
    ['huge', random(0, 1e30, 6)],
    ['zero', new Array<number>(WIDTH).fill(0)],
    ['of one value', new Array<number>(WIDTH).fill(-0.125)],
  ])('%s: within 0…127, at most half a step and the rounding of the zero point away', async (_, values) => {
    const { steps, back, scaleOf, zeroOf } = await quantize(values)
    expect(Math.max(...steps)).toBeLessThanOrEqual(127)
    for (const [at, value] of values.entries()) {
      expect(zeroOf(at)).toBeGreaterThanOrEqual(0)
      expect(zeroOf(at)).toBeLessThanOrEqual(127)
      expect(Math.abs(back[at]! - value)).toBeLessThanOrEqual(scaleOf(at) * 0.501 + Math.abs(value) * 1e-5)
    }
  })

  it('never leaves the range at the edges, wherever zero falls', async () => {
    for (let edge = 0; edge < 200; edge++) {
      const values = random(0, 1, edge).map((value, at) =>
        at % BLOCK === 0 ? -edge / 100 : at % BLOCK === 1 ? 2 - edge / 100 : value * 0.1,
      )
      const { steps } = await quantize(values)
      expect(Math.max(...steps)).toBeLessThanOrEqual(127)
    }
  })

  it.each([NaN, Infinity, -Infinity])('stays in range even for garbage: %s', async (garbage) => {
    const { steps } = await quantize(random(0, 1, 9).with(3, garbage))
    expect(Math.max(...steps)).toBeLessThanOrEqual(127)
  })
})
