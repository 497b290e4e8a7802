/** Notes when an inference worker is told to run a batch: which it does at once. Exact, whatever the page hears. */

import { answerAsks, threadName } from './answer-asks.ts'

/** Unix time in milliseconds, with fractions. */
const starts: number[] = []

addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  if ((data as { name?: unknown } | null)?.name === 'run')
    starts.push(performance.timeOrigin + performance.now())
})

answerAsks('run-starts', threadName(), () => ({ starts }))
