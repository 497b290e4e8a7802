import type { ModelStore } from '../models/store.ts'
import { describeError } from '../rpc/error-codec.ts'
import type { StoreAnswer, StoreCall } from '../rpc/store-protocol.ts'

/** Lets the service reach the page's own store over a port. Every call is answered, whatever the store does but hang. */
export function serveStore(store: ModelStore, port: MessagePort): void {
  const answer = async ({ id, method, arguments: given }: StoreCall): Promise<void> => {
    try {
      const call = store[method].bind(store) as (...given: readonly unknown[]) => Promise<unknown>
      // Copied, not transferred: the page may keep the very buffer that it answers with.
      port.postMessage({ id, ok: true, value: await call(...given) } satisfies StoreAnswer)
    } catch (error) {
      port.postMessage({ id, ok: false, reason: describeError(error) } satisfies StoreAnswer)
    }
  }
  port.onmessage = ({ data }: MessageEvent<StoreCall>) => {
    void answer(data)
  }
}
