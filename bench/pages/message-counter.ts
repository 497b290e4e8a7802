/** Counts the bytes that a thread sends to others: copied by the structured clone, and handed over. */

import { answerAsks, threadName } from './answer-asks.ts'

const sent = { messages: 0, copiedBytes: 0, handedOverBytes: 0 }

/** Bytes of a message's content: strings at a byte a character, as Latin-1 is kept; numbers at 8. */
function contentBytes(value: unknown, handedOver: ReadonlySet<unknown>): number {
  if (typeof value === 'string') return value.length
  if (typeof value === 'number') return 8
  if (typeof value !== 'object' || value === null) return 0
  if (ArrayBuffer.isView(value)) return handedOver.has(value.buffer) ? 0 : value.byteLength
  if (value instanceof ArrayBuffer) return handedOver.has(value) ? 0 : value.byteLength
  return Object.values(value).reduce((sum: number, part) => sum + contentBytes(part, handedOver), 0)
}

interface Sender {
  postMessage(message: unknown, transfer?: Transferable[] | StructuredSerializeOptions): void
}

function count(sender: Sender): void {
  // Called with each instance as its `this`, below.
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const original = sender.postMessage
  sender.postMessage = function (this: Sender, message, transfer = []) {
    const list = Array.isArray(transfer) ? transfer : (transfer.transfer ?? [])
    sent.messages++
    sent.copiedBytes += contentBytes(message, new Set<unknown>(list))
    for (const item of list) if (item instanceof ArrayBuffer) sent.handedOverBytes += item.byteLength
    original.call(this, message, list)
  }
}

count(MessagePort.prototype)
if ('Worker' in globalThis) count(Worker.prototype)
if ('DedicatedWorkerGlobalScope' in globalThis) count(globalThis)

answerAsks('messages', threadName(), () => sent)
