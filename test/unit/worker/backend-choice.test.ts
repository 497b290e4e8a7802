import { describe, expect, test } from 'vitest'
import type { BackendComparison } from '../../../src/index.ts'
import { allOn, isAll, roleOf } from '../../../src/worker/backend-choice.ts'
import { assignRoles, describeComparison, mayMix } from '../../../src/worker/backend-comparison.ts'

/** Times of the GPU as shares of the CPU's. */
function comparison(query: number, bulk: number, agreement = 0.9995): BackendComparison {
  return { agreement, webgpu: { query: 10 * query, bulk: 100 * bulk }, wasm: { query: 10, bulk: 100 }, cpu: '' }
}

describe('assignRoles', () => {
  test.each([
    ['faster at both', 0.5, 0.1, 'webgpu', 'webgpu'],
    ['faster with many texts only', 3, 0.1, 'wasm', 'webgpu'],
    ['faster with one text only', 0.5, 2, 'webgpu', 'wasm'],
    ['slower at both (software adapters)', 20, 30, 'wasm', 'wasm'],
    ['hardly faster: not worth a second session', 0.9, 0.85, 'wasm', 'wasm'],
  ] as const)('vectors agree, the GPU is %s', (_name, query, bulk, interactive, background) => {
    expect(assignRoles(comparison(query, bulk), true)).toEqual({ interactive, background })
  })

  test('a GPU that differs from the CPU with the same weights serves nothing', () => {
    expect(assignRoles(comparison(0.1, 0.1, 0.9979), true)).toEqual(allOn('wasm'))
  })

  test('other weights: one backend for everything, by its speed with many texts', () => {
    const roles = (query: number, bulk: number) => assignRoles(comparison(query, bulk, 0.9995), false)
    expect(roles(0.5, 0.1)).toEqual(allOn('webgpu'))
    expect(roles(1.9, 0.1)).toEqual(allOn('webgpu'))
    // Nobody wants to wait twice as long for a query.
    expect(roles(2.1, 0.1)).toEqual(allOn('wasm'))
    expect(roles(0.5, 0.9)).toEqual(allOn('wasm'))
  })
})

test('vectors may be mixed from 0.998 on, of one dtype only', () => {
  expect(mayMix(comparison(1, 1, 0.998), true)).toBe(true)
  expect(mayMix(comparison(1, 1, 0.998), false)).toBe(false)
  expect(mayMix(comparison(1, 1, 0.9979), true)).toBe(false)
})

test('many inputs are bulk work whatever their priority', () => {
  expect(roleOf('interactive', 1)).toBe('interactive')
  expect(roleOf('interactive', 4)).toBe('interactive')
  expect(roleOf('interactive', 5)).toBe('background')
  expect(roleOf('background', 1)).toBe('background')
})

test('isAll', () => {
  expect(isAll('wasm', allOn('wasm'))).toBe(true)
  expect(isAll('webgpu', { interactive: 'webgpu', background: 'wasm' })).toBe(false)
})

test('times are told in milliseconds', () => {
  expect(describeComparison(comparison(0.234, 2))).toBe(
    'a query 2.3 ms, on the CPU 10 ms; 1,000 tokens 200 ms, on the CPU 100 ms; cosine 0.9995',
  )
})
