/** Weights that lie once in shared memory, for encoders that stand for as many workers. */

import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { PackedModel } from '../../../src/simd/encoder-plan.ts'
import { Encoder, type SharedEncoder } from '../../../src/simd/encoder.ts'
import { attachSimdSession } from '../../../src/simd/session.ts'
import { rejectedBy } from '../thrown-by.ts'
import { makeEncoder } from './float-encoder.ts'
import { plainModule } from './reference.ts'

const SHAPE = { hidden: 128, heads: 2, inner: 512, layers: 2 }
const TEXTS = [[3], [1, 2, 3, 4, 5, 6, 7], Array.from({ length: 18 }, (_, at) => (at * 5) % 32)]

const batchOf = (texts: readonly (readonly number[])[]) => ({
  ids: Int32Array.from(texts.flat()),
  lengths: Int32Array.from(texts, ({ length }) => length),
})

let packed: Encoder
let shared: SharedEncoder
beforeAll(async () => {
  packed = await Encoder.create(await plainModule(true), makeEncoder(SHAPE))
  shared = packed.shared!
})

/** The weights' bytes, as they are now. */
const weightsOf = ({ memory, model }: SharedEncoder) =>
  Uint8Array.from(new Uint8Array(memory.buffer, 0, model.end))

describe('weights in shared memory', () => {
  it('give the bits of weights in memory of their own, to whoever attaches, in any order of runs', async () => {
    const own = await Encoder.create(await plainModule(), makeEncoder(SHAPE))
    expect(own.shared).toBeNull()
    const before = weightsOf(shared)
    const encoders = [packed, await Encoder.attach(shared), await Encoder.attach(shared)]
    const expected = own.encode(batchOf(TEXTS))
    for (const encoder of [...encoders, ...encoders.toReversed()]) {
      for (const [index, text] of TEXTS.entries()) {
        expect(encoder.encode(batchOf([text]))).toEqual(expected.slice(index * 128, (index + 1) * 128))
      }
      expect(encoder.encode(batchOf(TEXTS))).toEqual(expected)
    }
    expect(weightsOf(shared)).toEqual(before)
  })

  it('are not copied: who attaches takes room for its own runs alone', async () => {
    const before = shared.memory.buffer.byteLength
    await Encoder.attach(shared)
    const taken = shared.memory.buffer.byteLength - before
    expect(taken).toBeGreaterThan(0)
    expect(before - shared.model.end).toBeGreaterThanOrEqual(taken)
  })

  it('are refused to one more worker than there is room for, as memory that has run out', async () => {
    const { shared: full } = await Encoder.create(await plainModule(true), makeEncoder(SHAPE))
    const attachAll = async (): Promise<never> => {
      for (;;) await Encoder.attach(full!)
    }
    await expect(attachAll()).rejects.toBeInstanceOf(RangeError)
    await expect(attachSimdSession(full!)).rejects.toMatchObject({ code: 'out_of_memory' })
  })
})

describe('a message to attach', () => {
  const refusal = (change: Partial<PackedModel>): Promise<unknown> =>
    attachSimdSession({ ...shared, model: { ...shared.model, ...change } }).then(
      () => null,
      (error: unknown) => error,
    )

  const wrong: readonly (readonly [keyof PackedModel, () => number])[] = [
    ['words', () => shared.model.end],
    ['words', () => 0],
    ['wordScales', () => shared.model.end - 8],
    ['positions', () => 65_537],
    ['table', () => shared.model.end],
    ['norm', () => shared.model.end - 4],
    ['end', () => shared.memory.buffer.byteLength + 1],
    ['vocabulary', () => 1e9],
    ['layerCount', () => 1e6],
    ['longest', () => 1025],
    ['wordBlock', () => 12],
    ['block', () => 24],
    ['pooling', () => 3],
    ['paddingId', () => -2],
    ['hidden', () => Number.NaN],
    ['heads', () => 0],
    ['inner', () => 2.5],
  ]
  it.each(wrong)('with a wrong %s is refused', async (name, value) => {
    expect(await refusal({ [name]: value() })).toMatchObject({
      message: expect.stringMatching(
        /^The CPU encoder (could not be started|does not run this model): .*(\d|NaN|Infinity)/,
      ) as string,
    })
  })

  it.each(['memory', 'module'] as const)('without a %s is refused', async (name) => {
    const refused = await rejectedBy(attachSimdSession({ ...shared, [name]: {} }))
    expect(refused).toMatchObject({
      code: 'inference_failed',
      message: expect.stringContaining(name) as string,
    })
  })

  it('with memory that is not shared is refused', async () => {
    const memory = new WebAssembly.Memory({ initial: 1 })
    await expect(attachSimdSession({ ...shared, memory })).rejects.toThrow(/memory is not shared/)
  })

  it('with any number for an address is refused, unless it lies within the weights', async () => {
    const names = ['words', 'wordScales', 'positions', 'table', 'norm', 'end'] as const
    const numbers = fc.oneof(fc.integer(), fc.double(), fc.maxSafeInteger())
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), numbers, async (name, value) => {
        const refused = await refusal({ [name]: value })
        const inside = Number.isInteger(value) && value >= 65_536 && value <= shared.memory.buffer.byteLength
        if (!inside) expect(refused).toMatchObject({ code: 'inference_failed' })
      }),
    )
  })
})
