/** Paths of everything that the service in `services/observed-service.ts` has fetched since it started. */
export function requestsOfWorker(): Promise<string[]> {
  return new Promise((resolve) => {
    const channel = new BroadcastChannel('observed-service')
    channel.addEventListener('message', ({ data }: MessageEvent<string[]>) => {
      channel.close()
      resolve(data)
    })
    channel.postMessage('fetches')
  })
}
