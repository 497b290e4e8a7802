/**
 * Calls to a worker of our own: one plain message there, one back. Comlink serves the page's facade; between the
 * service and an inference worker a call is one batch, and Comlink's proxies, random ids and a listener for every call
 * are a good part of what a short batch costs beside its inference.
 */

import { EmbeddingsError } from '../openai/errors.ts'
import { reply, serializeError, unwrap } from './error-codec.ts'
import type { Reply } from './protocol.ts'
import { handedOver } from './transfer.ts'

interface CallMessage {
  call: number
  name: string
  argument: unknown
}

interface AnswerMessage {
  call: number
  answer: Reply<unknown>
}

/** What a worker offers: functions of one argument of plain data. */
type Offered<Api> = { [Name in keyof Api]: (argument: never) => unknown }

export type Argument<Call> = Call extends (argument: infer Given) => unknown ? Given : never

export type Result<Call> = Call extends (argument: never) => infer Given ? Awaited<Given> : never

/** A worker, seen from outside, or the scope within it. */
interface Channel {
  postMessage(message: unknown, transfer: Transferable[]): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
}

/** The caller's end. Whether the worker still lives is for the caller to watch: a dead one never answers. */
export class WorkerCalls<Api extends Offered<Api>> {
  readonly #worker: Channel
  readonly #waiting = new Map<number, (answer: Reply<unknown>) => void>()
  #calls = 0

  constructor(worker: Channel) {
    this.#worker = worker
    worker.addEventListener('message', ({ data }: MessageEvent<AnswerMessage>) => {
      const settle = this.#waiting.get(data.call)
      this.#waiting.delete(data.call)
      settle?.(data.answer)
    })
  }

  /**
   * Makes one call.
   *
   * @param transfer buffers in the argument that are handed over; unusable here afterwards
   * @throws EmbeddingsError that the worker answered with
   */
  call<Name extends keyof Api & string>(
    name: Name,
    argument: Argument<Api[Name]>,
    transfer: Transferable[] = [],
  ): Promise<Result<Api[Name]>> {
    const call = ++this.#calls
    return new Promise((resolve, reject) => {
      this.#waiting.set(call, (answer) => {
        try {
          // The worker is ours: it answers with what `Api` says.
          resolve(unwrap(answer) as Result<Api[Name]>)
        } catch (error) {
          reject(error)
        }
      })
      this.#worker.postMessage({ call, name, argument } satisfies CallMessage, transfer)
    })
  }
}

/**
 * The worker's end: answers calls of the members of `api` and of nothing else. Answers that are a `Float32Array` of more
 * than some kilobytes are handed over without a copy.
 */
export function answerCalls<Api extends Offered<Api>>(scope: Channel, api: Api): void {
  const offered = new Map<string, (argument: never) => unknown>(Object.entries(api))
  scope.addEventListener('message', ({ data }: MessageEvent) => {
    if (isCall(data)) void answer(data)
  })

  async function answer({ call, name, argument }: CallMessage): Promise<void> {
    const answered = await reply(() => {
      const member = offered.get(name)
      if (member === undefined)
        throw new EmbeddingsError('inference_failed', `refused call: ${name.slice(0, 80)}`)
      return member(argument as never)
    })
    const rows = answered.ok && answered.value instanceof Float32Array ? answered.value : null
    try {
      const message: AnswerMessage = { call, answer: answered }
      scope.postMessage(message, rows === null ? [] : handedOver(rows))
    } catch (error) {
      // Something that cannot be cloned; without an answer the caller would wait until its deadline.
      const message: AnswerMessage = { call, answer: { ok: false, error: serializeError(error) } }
      scope.postMessage(message, [])
    }
  }
}

function isCall(data: unknown): data is CallMessage {
  return (
    typeof data === 'object' &&
    data !== null &&
    typeof (data as { call?: unknown }).call === 'number' &&
    typeof (data as { name?: unknown }).name === 'string'
  )
}
