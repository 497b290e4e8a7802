import { describe, expect, test } from 'vitest'
import { chooseOutput, type GraphOutput } from '../../../src/engine/graph-outputs.ts'
import { thrownBy } from '../thrown-by.ts'

const tokens = (name: string, type = 'float32'): GraphOutput => ({
  name,
  type,
  shape: ['batch', 'sequence', 384],
})
const pooled = (name: string, type = 'float32'): GraphOutput => ({ name, type, shape: ['batch', 384] })
const cache = (name: string): GraphOutput => ({ name, type: 'float32', shape: ['batch', 8, 'total', 128] })
const ANY = { output: null, pooled: null }

describe('where the recipe names no output', () => {
  test.each([
    ['the only one', [tokens('last_hidden_state')], 'last_hidden_state', false],
    [
      'a pooled vector before token vectors',
      [tokens('token_embeddings'), pooled('sentence_embedding')],
      'sentence_embedding',
      true,
    ],
    [
      'token vectors before the pooler',
      [pooled('pooler_output'), tokens('last_hidden_state')],
      'last_hidden_state',
      false,
    ],
    [
      'token vectors beside a decoder’s cache',
      [cache('present.0.key'), tokens('last_hidden_state')],
      'last_hidden_state',
      false,
    ],
    [
      'the one that holds a vector a token',
      [pooled('pooler_output'), tokens('hidden', 'float16')],
      'hidden',
      false,
    ],
    [
      'the last layer, not every one',
      [tokens('hidden_states.0'), tokens('last_hidden_state')],
      'last_hidden_state',
      false,
    ],
    [
      'a known name of which the file tells no shape',
      [{ ...pooled('sentence_embedding'), shape: [] }],
      'sentence_embedding',
      true,
    ],
    [
      'token vectors of which the file tells no shape',
      [{ ...tokens('last_hidden_state'), shape: [] }],
      'last_hidden_state',
      false,
    ],
  ])('%s', (_, outputs, name, isPooled) => {
    expect(chooseOutput(outputs, ANY)).toEqual({ name, pooled: isPooled })
  })

  test.each([
    ['logits are no vector', [{ ...tokens('logits'), shape: ['batch', 2] }]],
    ['two candidates', [tokens('a'), tokens('b')]],
    ['only the pooler', [pooled('pooler_output')]],
    ['integers', [tokens('ids', 'int64')]],
    ['nothing', []],
  ])('none is guessed: %s', (_, outputs) => {
    const { code, message } = thrownBy(() => chooseOutput(outputs, ANY))
    expect(code).toBe('bad_model_file')
    for (const { name } of outputs) expect(message).toContain(name)
  })
})

describe('where the recipe names one', () => {
  test('it is taken, the pooler too', () => {
    const outputs = [tokens('last_hidden_state'), pooled('pooler_output')]
    const wanted = { output: 'pooler_output', pooled: null }
    expect(chooseOutput(outputs, wanted)).toEqual({ name: 'pooler_output', pooled: true })
  })

  test('pooled is the recipe’s word', () => {
    const wanted = { output: 'v', pooled: true }
    expect(chooseOutput([{ ...pooled('v'), shape: [] }], wanted)).toEqual({ name: 'v', pooled: true })
  })

  test('one that is not there is refused with those that are', () => {
    const wanted = { output: 'sentence_embedding', pooled: true }
    expect(thrownBy(() => chooseOutput([tokens('last_hidden_state')], wanted)).message).toBe(
      'The graph has no output sentence_embedding; it has last_hidden_state [batch, sequence, 384].',
    )
  })

  test('one of another rank is refused', () => {
    const wanted = { output: 'present.0.key', pooled: null }
    expect(thrownBy(() => chooseOutput([cache('present.0.key')], wanted)).message).toContain(
      'expected [rows, width] or [rows, tokens, width]',
    )
  })
})
