/** The service's end of Comlink, over a real MessageChannel, with a real Comlink on the other side. */

import { createEndpoint, proxy, wrap, type Remote } from 'comlink'
import { afterEach, describe, expect, test } from 'vitest'
import { answerComlink, handOver } from '../../../src/rpc/guard.ts'

interface Api {
  echo(value: unknown): Promise<unknown>
  secret: string
  hidden(): Promise<string>
  nested: { add(a: number, b: number): Promise<number> }
}

const called: string[] = []
const open: MessagePort[] = []

function connect(): { port: MessagePort; remote: Remote<Api>; api: Api } {
  const { port1, port2 } = new MessageChannel()
  const api: Api = {
    echo: (value) => {
      called.push('echo')
      return Promise.resolve(value)
    },
    secret: 'untouched',
    hidden: () => {
      called.push('hidden')
      return Promise.resolve('hidden')
    },
    nested: { add: (a, b) => Promise.resolve(a + b) },
  }
  answerComlink(port2, api, ['echo', 'nested.add'])
  port1.start()
  port2.start()
  open.push(port1, port2)
  return { port: port1, remote: wrap<Api>(port1), api }
}

afterEach(() => {
  called.length = 0
  for (const port of open.splice(0)) port.close()
})

/** Sends a raw message and gives what comes back. */
function exchange(
  port: MessagePort,
  message: Record<string, unknown>,
): Promise<{ name?: string; value: unknown }> {
  return new Promise((resolve) => {
    port.addEventListener('message', (event: MessageEvent<{ id: string; name?: string; value: unknown }>) => {
      if (event.data.id === message['id']) resolve(event.data)
    })
    port.postMessage(message)
  })
}

const RAW = (value: unknown) => ({ type: 'RAW', value })
const refused = {
  name: 'throw',
  value: { isError: true, value: { message: expect.stringContaining('refused call') } },
}

test('listed calls pass, nested ones too', async () => {
  const { remote } = connect()
  expect(await remote.echo({ deep: [1, 'two', null] })).toEqual({ deep: [1, 'two', null] })
  expect(await (remote.nested as unknown as Api['nested']).add(2, 3)).toBe(5)
})

test('a transferred buffer passes', async () => {
  const { port } = connect()
  const answer = await exchange(port, {
    id: 't',
    type: 'APPLY',
    path: ['echo'],
    argumentList: [RAW(new ArrayBuffer(4))],
  })
  expect(answer.value).toEqual(new ArrayBuffer(4))
})

test('an answer is copied, unless it is handed over', async () => {
  const { port1, port2 } = new MessageChannel()
  open.push(port1, port2)
  const kept = new Float32Array(4)
  const given = new Float32Array(4)
  const offered = {
    copy: () => ({ rows: kept }),
    give: () => handOver({ rows: given }, [given.buffer]),
  }
  answerComlink(port2, offered, ['copy', 'give'])
  port2.start()
  const remote = wrap<typeof offered>(port1)
  expect(await remote.copy()).toEqual({ rows: new Float32Array(4) })
  expect(await remote.give()).toEqual({ rows: new Float32Array(4) })
  expect([kept.byteLength, given.byteLength]).toEqual([16, 0])
})

test('what cannot be sent is answered with an error', async () => {
  const { port1, port2 } = new MessageChannel()
  open.push(port1, port2)
  answerComlink(port2, { take: () => () => 1 }, ['take'])
  port2.start()
  await expect(wrap<{ take(): unknown }>(port1).take()).rejects.toThrow(/could not be cloned/)
})

test('a path that leads nowhere is told at once', () => {
  const { port1, port2 } = new MessageChannel()
  open.push(port1, port2)
  expect(() => answerComlink(port2, {}, ['take'])).toThrow('take is no function')
})

test('a proxy that is released gets its answer', async () => {
  const { port } = connect()
  expect(await exchange(port, { id: 'r', type: 'RELEASE' })).toMatchObject({ type: 'RAW' })
})

describe('through Comlink’s own proxy', () => {
  test('reading a property is refused', async () => {
    const { remote } = connect()
    // Not the proxy itself: a thenable function would be called instead of awaited.
    await expect(Promise.resolve(remote.secret)).rejects.toThrow('refused call: message type GET')
  })

  test('constructing is refused', async () => {
    const { remote } = connect()
    const constructible = remote.echo as unknown as new (source: string) => Promise<unknown>
    await expect(new constructible('code')).rejects.toThrow('refused call: message type CONSTRUCT')
  })

  test('a method that is not listed is refused and not run', async () => {
    const { remote } = connect()
    await expect(remote.hidden()).rejects.toThrow('refused call: path hidden')
    expect(called).toEqual([])
  })

  test('a further port is refused', async () => {
    const { remote } = connect()
    await expect(remote[createEndpoint]()).rejects.toThrow('refused call: message type ENDPOINT')
  })

  test('a callback as argument is refused: only plain data passes', async () => {
    const { remote } = connect()
    await expect(remote.echo(proxy(() => 1))).rejects.toThrow('refused call: an argument is not plain data')
    expect(called).toEqual([])
  })
})

describe('raw messages', () => {
  test.each([
    ['SET of __proto__', { type: 'SET', path: ['__proto__', 'polluted'], value: RAW(true) }],
    ['GET', { type: 'GET', path: ['echo'] }],
    [
      'CONSTRUCT of a constructor',
      { type: 'CONSTRUCT', path: ['echo', 'constructor'], argumentList: [RAW('return 1')] },
    ],
    [
      'APPLY of a constructor',
      { type: 'APPLY', path: ['echo', 'constructor'], argumentList: [RAW('return 1')] },
    ],
    ['APPLY through __proto__', { type: 'APPLY', path: ['__proto__', 'toString'], argumentList: [] }],
    ['APPLY of the root', { type: 'APPLY', path: [], argumentList: [] }],
    ['a path that is no array', { type: 'APPLY', path: 'echo', argumentList: [] }],
    ['a path of other things than strings', { type: 'APPLY', path: [['echo']], argumentList: [] }],
    ['a path longer than a listed one', { type: 'APPLY', path: ['echo', 'call'], argumentList: [] }],
    [
      'an unknown transfer handler',
      { type: 'APPLY', path: ['echo'], argumentList: [{ type: 'HANDLER', name: 'none' }] },
    ],
    ['an argument that is null', { type: 'APPLY', path: ['echo'], argumentList: [null] }],
    ['no arguments at all', { type: 'APPLY', path: ['echo'] }],
    ['an unknown type', { type: 'EXPLODE', path: ['echo'] }],
  ])('%s: refused, answered, nothing run', async (_name, message) => {
    const { port } = connect()
    expect(await exchange(port, { id: 'm', ...message })).toMatchObject(refused)
    expect(called).toEqual([])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('SET changes nothing', async () => {
    const { port, api } = connect()
    expect(
      await exchange(port, { id: 's', type: 'SET', path: ['secret'], value: RAW('changed') }),
    ).toMatchObject(refused)
    expect(api.secret).toBe('untouched')
  })

  test('a name with a dot in it does not stand for a path', async () => {
    const { port } = connect()
    const answer = await exchange(port, {
      id: 'd',
      type: 'APPLY',
      path: ['nested.add'],
      argumentList: [RAW(1), RAW(2)],
    })
    expect(answer.name).toBe('throw')
  })

  test('what is no Comlink message is passed over, and calls still work', async () => {
    const { port, remote } = connect()
    for (const noise of [null, 5, 'text', {}, { id: 7, type: 'APPLY' }, { id: 'x' }]) port.postMessage(noise)
    expect(await remote.echo('still here')).toBe('still here')
  })
})
