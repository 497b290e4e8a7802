import { describe, expect, test } from 'vitest'
import { parseListing } from '../../../src/models/hub-listing.ts'
import { thrownBy } from '../thrown-by.ts'

/** In the form in which the hub answers (a reply recorded in public code, with the fields that matter here). */
const ANSWER = {
  _id: '64a2b1c0',
  id: 'org/model-ONNX',
  sha: '0123456789abcdef0123456789abcdef01234567',
  gated: false,
  createdAt: '2025-07-22T16:42:24.000Z',
  tags: ['transformers.js', 'onnx', 'base_model:org/model', 'base_model:quantized:org/model', 'region:us'],
  siblings: [
    { rfilename: 'config.json', blobId: 'c6d9d97367083098b753d8960ac8b4a76d81039f', size: 650 },
    {
      rfilename: 'onnx/model_quantized.onnx',
      blobId: 'eca68f83004d8b86fa1742ee507ddee8f4b2abce',
      size: 22_972_370,
      lfs: {
        sha256: 'afdb6f1a0e45b715d0bb9b11772f032c399babd23bfc31fed1c170afc848bdb1',
        size: 22_972_370,
        pointerSize: 133,
      },
    },
  ],
}

const parse = (changes: Record<string, unknown> = {}) => parseListing('org/model-ONNX', { ...ANSWER, ...changes })
const sibling = (changes: Record<string, unknown>) => ({ siblings: [{ ...ANSWER.siblings[0], ...changes }] })

test('a listing has the commit, and sizes with SHA-256 of large files and git’s hash of small ones', () => {
  const listing = parse()
  expect(listing).toMatchObject({ commit: ANSWER.sha, created: 1_753_202_544, quantizedFrom: 'org/model' })
  expect([...listing.files.values()]).toEqual([
    { path: 'config.json', bytes: 650, sha256: null, gitSha1: 'c6d9d97367083098b753d8960ac8b4a76d81039f' },
    { path: 'onnx/model_quantized.onnx', bytes: 22_972_370, sha256: ANSWER.siblings[1]?.lfs?.sha256 },
  ])
})

describe('the model that another one was made from', () => {
  test.each([
    ['is not known without the tag', undefined, null],
    ['is not the one that it was only trained from', ['base_model:org/a', 'base_model:finetune:org/a'], null],
    ['is not known where there are two', ['base_model:quantized:org/a', 'base_model:quantized:org/b'], null],
    ['has a name that leads nowhere else', ['base_model:quantized:../../x'], null],
    ['is the one of the tag', ['x', 'base_model:quantized:org/a', 7], 'org/a'],
  ])('%s', (_what, tags, expected) => {
    expect(parse({ tags }).quantizedFrom).toBe(expected)
  })
})

test('names that are no safe paths are left out', () => {
  for (const rfilename of ['../x', 'a b.json', '/etc/passwd', 'a\\b', 'a/%2e%2e/b']) {
    expect(parse(sibling({ rfilename })).files.size, rfilename).toBe(0)
  }
})

test('a repository for accounts is refused, with the way around it', () => {
  for (const gated of ['auto', 'manual', true]) {
    const error = thrownBy(() => parse({ gated }))
    expect(error).toMatchObject({ code: 'model_not_found', status: 404, param: 'model' })
    expect(error.message).toContain('pass the option modelsUrl')
  }
})

describe('an answer that is none', () => {
  test.each([
    [{ sha: undefined }, 'sha must be a commit'],
    [{ sha: 'main' }, 'sha must be a commit'],
    [{ siblings: undefined }, 'siblings must be an array'],
    [{ tags: 'x' }, 'tags must be an array'],
    [sibling({ rfilename: '' }), 'siblings[0].rfilename must be a string that is not empty'],
    [sibling({ size: undefined }), 'siblings[0].size must be an integer'],
    [sibling({ size: -1 }), 'siblings[0].size must be an integer'],
    [sibling({ blobId: 'x' }), 'siblings[0].blobId must be a git hash'],
    [sibling({ lfs: { sha256: 'x' } }), 'siblings[0].lfs.sha256 must be 64 hexadecimal digits'],
  ])('%j is refused by its field', (changes, words) => {
    const error = thrownBy(() => parse(changes))
    expect(error.code).toBe('bad_model_file')
    expect(error.message).toContain(`the hub's listing of org/model-ONNX: ${words}`)
  })

  test('nor anything else', () => {
    for (const json of [null, [], 'x', { error: 'Repository not found' }]) {
      expect(thrownBy(() => parseListing('org/x', json)).code).toBe('bad_model_file')
    }
  })
})
