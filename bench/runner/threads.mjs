/** Asks the threads of a page what their observers know; see `pages/answer-asks.ts`. */

/** Answers come within milliseconds of threads that are idle; one that runs a batch answers after it. */
const ANSWER_TIME = 500

/**
 * @param {import('playwright').Page | import('playwright').Frame} page any page of the origin
 * @param {string} channel
 * @returns {Promise<object[]>} one answer a thread
 */
export function askThreads(page, channel) {
  return page.evaluate(
    ([name, wait]) =>
      new Promise((resolve) => {
        const answers = []
        const broadcast = new BroadcastChannel(name)
        broadcast.onmessage = ({ data }) => {
          if (data !== 'ask') answers.push(data)
        }
        setTimeout(() => {
          broadcast.close()
          resolve(answers)
        }, wait)
        broadcast.postMessage('ask')
      }),
    [channel, ANSWER_TIME],
  )
}
