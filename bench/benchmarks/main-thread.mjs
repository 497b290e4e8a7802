/** Long tasks of the page's main thread while a library loads and while it embeds. */

import { pageAddress, withBrowser } from '../runner/browser.mjs'
import { available, ours, transformers } from '../runner/hosts.mjs'
import { passages } from '../runner/texts.mjs'

const hosts = available([ours('ours', 'defaults'), transformers('peer', 'defaults')])

/** Chromium calls a task of 50 ms or more long. */
async function longTasks(origin, host, texts) {
  return withBrowser({}, async (context) => {
    const page = await context.newPage()
    await page.goto(pageAddress(host, origin, texts[0]))
    await page.evaluate(() => globalThis.bench.firstVector)
    const loading = await page.evaluate(() => globalThis.bench.takeLongTasks())
    // Each library in the way that suits it best.
    await page.evaluate(
      ([list, perCall]) => globalThis.bench.time(list, perCall).then(() => undefined),
      [texts, host.peer ? 1 : texts.length],
    )
    const embedding = await page.evaluate(() => globalThis.bench.takeLongTasks())
    return { loading, embedding }
  })
}

function cells(tasks) {
  const longest = tasks.length === 0 ? '–' : `${Math.max(...tasks).toFixed(0)} ms`
  return [String(tasks.length), longest, `${tasks.reduce((sum, task) => sum + task, 0).toFixed(0)} ms`]
}

export const pageModes = ['bench']

/** @param {import('../run.mjs').Surroundings} surroundings */
export async function run({ isolatedServer, options }) {
  const { texts } = passages(options.texts)
  const rows = []
  const raw = []
  for (const host of hosts) {
    const tasks = await longTasks(isolatedServer.origin, host, texts)
    rows.push([`${host.label}, loading`, ...cells(tasks.loading)])
    rows.push([`${host.label}, ${texts.length} passages`, ...cells(tasks.embedding)])
    raw.push({ id: host.id, ...tasks })
  }
  const own = [...raw[0].loading, ...raw[0].embedding]
  return {
    budgets: [
      {
        what: 'main thread while loading or embedding',
        budget: 'no task over 50 ms',
        // Chromium tells of no shorter ones.
        measured: own.length === 0 ? 'none' : `${own.length}, longest ${Math.max(...own).toFixed(0)} ms`,
        met: own.length === 0,
      },
    ],
    tables: [
      {
        title: 'Main thread: tasks over 50 ms',
        columns: ['case', 'tasks', 'longest', 'together'],
        rows,
        notes: ['loading: from navigation to the first vector; transformers.js embeds one by one, in the page'],
      },
    ],
    raw,
  }
}
