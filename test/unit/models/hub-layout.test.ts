import { describe, expect, test } from 'vitest'
import { fileUrl, HUB_URL, isModelId, listingUrl } from '../../../src/models/hub-layout.ts'
import { thrownBy } from '../thrown-by.ts'

const BASE = 'https://app.example/models/'

describe('isModelId', () => {
  test.each(['all-MiniLM-L6-v2', 'Xenova/all-MiniLM-L6-v2', 'bge-small-en-v1.5', 'org_1/name.with.dots', '7b'])(
    '%j may stand in an address',
    (id) => {
      expect(isModelId(id)).toBe(true)
    },
  )

  test.each([
    '',
    '.',
    '..',
    '../secret',
    'org/..',
    'org/../x',
    './x',
    '/etc/passwd',
    'a/b/c',
    'a//b',
    'a/',
    'a\\..\\b',
    '%2e%2e/secret',
    'a%2fb',
    'https://evil.example/x',
    '//evil.example/x',
    'a?b',
    'a#b',
    'a b',
    'a\nb',
    'name\u0000',
    'x'.repeat(129),
  ])('%j may not', (id) => {
    expect(isModelId(id)).toBe(false)
  })
})

describe('fileUrl', () => {
  test('a folder of the page has no revision in its addresses', () => {
    expect(fileUrl(BASE, 'org/name', 'main', 'onnx/model.onnx')).toBe(`${BASE}org/name/onnx/model.onnx`)
  })

  test('the hub has, encoded', () => {
    expect(fileUrl(null, 'org/name', 'refs/pr/1', 'config.json')).toBe(
      `${HUB_URL}org/name/resolve/refs%2Fpr%2F1/config.json`,
    )
  })

  test.each(['../other/config.json', '../../x', '%2e%2e/x', '..\\x', '/x', 'https://evil.example/x', '//evil.example/x'])(
    'the file %j does not lead out of the model’s folder',
    (file) => {
      let url: string
      try {
        url = fileUrl(BASE, 'name', 'main', file)
      } catch {
        expect(thrownBy(() => fileUrl(BASE, 'name', 'main', file)).code).toBe('model_not_found')
        return
      }
      expect(url.startsWith(`${BASE}name/`)).toBe(true)
    },
  )

  test('nor does a folder that was not checked', () => {
    expect(thrownBy(() => fileUrl(BASE, '..', 'main', 'config.json')).code).toBe('model_not_found')
    expect(thrownBy(() => fileUrl(BASE, '../../x', 'main', 'config.json')).code).toBe('model_not_found')
  })
})

test('the list of a repository is asked for at a revision, encoded', () => {
  expect(listingUrl('org/name', 'refs/pr/1')).toBe(`${HUB_URL}api/models/org/name/revision/refs%2Fpr%2F1?blobs=true`)
})
