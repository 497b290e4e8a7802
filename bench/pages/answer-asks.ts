/** Lets the runner ask every thread of a page at once. */

/**
 * Answers `ask` on a channel, with what `tell` gives then.
 *
 * @param name of the channel
 * @param thread what the answer says of its sender
 */
export function answerAsks(name: string, thread: string, tell: () => object): void {
  const channel = new BroadcastChannel(name)
  channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (data === 'ask') channel.postMessage({ thread, ...tell() })
  })
}

/** The calling thread, as reports name it: its script without the hash. */
export function threadName(): string {
  if ('document' in globalThis) return 'page'
  return /([\w-]+?)-[\w-]{8}\.js$/.exec(location.pathname)?.[1] ?? location.pathname
}
