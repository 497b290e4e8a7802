import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkWhole, verifyBytes } from '../../../src/models/verify.ts'
import { rejectedBy, thrownBy } from '../thrown-by.ts'

const graph = Uint8Array.from(
  readFileSync(new URL('../../fixtures/tiny/tiny-mean/onnx/model.onnx', import.meta.url)),
)
const AT = 'https://app.example/models/a/'
const bytesOf = (text: string): ArrayBuffer => Uint8Array.from(new TextEncoder().encode(text)).buffer

describe('a file of which nothing is known', () => {
  test.each([
    ['model.onnx', graph.buffer],
    ['tokenizer.json', bytesOf('{"a":[1]}')],
    ['model.onnx_data', new ArrayBuffer(10)],
  ])('%s that is whole passes', (name, bytes) => {
    expect(() => checkWhole(AT + name, bytes)).not.toThrow()
  })

  test.each([
    ['model.onnx', '<!doctype html><title>app</title>', 'model_file_not_found', 'HTML'],
    ['model.onnx_data', '<html>', 'model_file_not_found', 'HTML'],
    [
      'model.onnx',
      'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n',
      'model_file_not_found',
      'LFS',
    ],
    ['model.onnx', 'Not found', 'bad_model_file', 'end early'],
    ['model.onnx', '', 'bad_model_file', 'its 0 bytes'],
    ['tokenizer.json', '{"a":[1', 'bad_model_file', 'is not JSON'],
    ['tokenizer.json', '', 'bad_model_file', 'is not JSON'],
    ['tokenizer.json?download=true', '{', 'bad_model_file', 'is not JSON'],
  ])('%s that begins %o is refused: %s', (name, text, code, words) => {
    const error = thrownBy(() => {
      checkWhole(AT + name, bytesOf(text))
    })
    expect(error).toMatchObject({ code })
    expect(error.message).toContain(words)
    expect(error.message).toContain(AT + name)
  })

  test('a graph that was cut anywhere is refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: graph.length - 1 }), (length) => {
        expect(thrownBy(() => checkWhole(`${AT}model.onnx`, graph.slice(0, length).buffer)).code).toBe('bad_model_file')
      }),
      { numRuns: 500 },
    )
  })

  test('any bytes at all are passed or refused, at once', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const start = performance.now()
        try {
          checkWhole(`${AT}model.onnx`, Uint8Array.from(bytes).buffer)
        } catch (error) {
          expect(['bad_model_file', 'model_file_not_found']).toContain((error as { code: string }).code)
        }
        expect(performance.now() - start).toBeLessThan(10_000)
      }),
    )
  })
})

describe('the hash that git gives a file', () => {
  // `git hash-object` of a file that holds "hello\n".
  const expected = { bytes: 6, sha256: null, gitSha1: 'ce013625030ba8dba906f756967f9e9ca394464a' }

  test('is enough where the SHA-256 is unknown, which is answered', async () => {
    const sha256 = createHash('sha256').update('hello\n').digest('hex')
    expect(await verifyBytes(AT, bytesOf('hello\n'), expected)).toBe(sha256)
  })

  test('refuses another file of the same size', async () => {
    expect((await rejectedBy(verifyBytes(AT, bytesOf('hallo\n'), expected))).code).toBe('integrity_error')
  })
})
