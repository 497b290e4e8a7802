import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { softwareDigest } from '../../../src/models/software-hash.ts'

const hex = (digest: ArrayBuffer): string => Buffer.from(digest).toString('hex')

test.each(['SHA-1', 'SHA-256'] as const)('%s of files of every length equals that of Node', (algorithm) => {
  const equal = (bytes: Uint8Array): void => {
    const wanted = createHash(algorithm.replace('-', '')).update(bytes).digest('hex')
    expect(hex(softwareDigest(algorithm, Uint8Array.from(bytes).buffer))).toBe(wanted)
  }
  for (let length = 0; length < 200; length++) equal(new Uint8Array(length).fill(length))
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), equal))
  equal(new Uint8Array(3_000_001).map((_, index) => index % 251))
})
