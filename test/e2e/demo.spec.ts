/** The demo, used as a person uses it. The browser has no WebGPU adapter here, as on many machines. */

import { readFileSync } from 'node:fs'
import { expect, test, type Page } from '@playwright/test'
import { chromiumArgs, chromiumCandidates } from '../../tools/test/find-chromium.mjs'

const executablePath = chromiumCandidates()[0]?.path
// Without --enable-unsafe-webgpu headless Chromium has `navigator.gpu`, but no adapter.
test.use({
  launchOptions: { args: chromiumArgs, ...(executablePath === undefined ? {} : { executablePath }) },
})

/** What must not happen in any test: an error on the page, or a request to another origin. */
let complaints: string[] = []

test.beforeEach(({ page, baseURL }) => {
  complaints = []
  page.on('pageerror', (error) => complaints.push(`page: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`)
  })
  page.context().on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(`${baseURL ?? ''}/`) && !/^(?:blob|data):/u.test(url))
      complaints.push(`request: ${url}`)
  })
})

test.afterEach(() => {
  expect(complaints).toEqual([])
})

const facts = (page: Page) => page.getByRole('region', { name: 'Engine' })
const cards = (page: Page) => page.getByRole('list').and(page.locator('#results')).getByRole('listitem')

async function openReady(page: Page): Promise<void> {
  await page.goto('/')
  await expect(facts(page)).toContainText('StateReady')
}

/** Types a query and waits for its results. */
async function search(page: Page, query: string): Promise<void> {
  await page.getByRole('searchbox').fill(query)
  await expect(page.locator('#announce')).toContainText(` for ${query}`)
}

interface Shown {
  year: number
  president: string
  score: number
  text: string
}

async function shown(page: Page): Promise<Shown[]> {
  return cards(page).evaluateAll((items) =>
    items.map((item) => ({
      year: Number(item.querySelector('.year')?.textContent),
      president: item.querySelector('h3')?.lastChild?.textContent ?? '',
      score: Number(item.querySelector('.score-value')?.textContent),
      text: item.querySelector('.passage')?.textContent ?? '',
    })),
  )
}

test('finds by meaning what a person asks for', async ({ page }) => {
  await openReady(page)

  await search(page, 'going to the moon')
  const moon = await shown(page)
  expect(moon).toHaveLength(10)
  expect(moon.slice(0, 5).some(({ year }) => year >= 1961 && year <= 1973)).toBe(true)

  await search(page, 'freeing the slaves')
  const slaves = await shown(page)
  expect(slaves.slice(0, 5).filter(({ year }) => year >= 1859 && year <= 1870).length).toBeGreaterThanOrEqual(2)
  expect(slaves.slice(0, 10).map(({ president }) => president)).toContain('Abraham Lincoln')

  await search(page, 'nuclear weapons and the cold war')
  const cold = await shown(page)
  expect(cold.slice(0, 5).every(({ year }) => year >= 1946)).toBe(true)

  for (const { score } of [...moon, ...slaves, ...cold]) {
    expect(score).toBeGreaterThan(0.2)
    expect(score).toBeLessThanOrEqual(1)
  }
  const scores = cold.map(({ score }) => score)
  expect(scores).toEqual([...scores].sort((a, b) => b - a))
})

test('searches while the query is typed, and marks words and the nearest sentence', async ({ page }) => {
  await openReady(page)
  await page.getByRole('searchbox').pressSequentially('women should have the vote', { delay: 60 })
  await expect(page.locator('#announce')).toHaveText('10 results for women should have the vote')
  await expect(cards(page).locator('mark').first()).toHaveText(/women|vot/iu)
  await expect(cards(page).locator('.key').first()).toBeVisible()
  await expect(facts(page)).toContainText(/Speed[\d,.]+ tokens\/s/u)

  const first = cards(page).first()
  await expect(first.locator('.context-text')).toHaveCount(2)
  await first.getByRole('button', { name: 'Show context' }).click()
  await expect(first.locator('.context-text:visible').first()).not.toBeEmpty()

  await page.getByRole('button', { name: 'Show 10 more' }).click()
  await expect(cards(page)).toHaveCount(20)

  await page.getByRole('searchbox').fill('')
  await expect(page.getByRole('button', { name: 'going to the moon' })).toBeVisible()
  await page.getByRole('button', { name: 'going to the moon' }).click()
  await expect(page.locator('#announce')).toHaveText('10 results for going to the moon')
})

test('fewer dimensions are another search', async ({ page }) => {
  await openReady(page)
  await search(page, 'caring for the wilderness')
  const seen = [JSON.stringify((await shown(page)).map(({ score }) => score))]
  const full = await shown(page)
  for (const dimensions of ['256', '128', '64']) {
    await page.getByRole('radio', { name: dimensions }).check({ force: true })
    await expect
      .poll(async () => seen.includes(JSON.stringify((await shown(page)).map(({ score }) => score))))
      .toBe(false)
    const now = await shown(page)
    seen.push(JSON.stringify(now.map(({ score }) => score)))
    // Another search, but not another subject: half of the first ten stay at 256 dimensions.
    const kept = now.filter(({ text }) => full.some((other) => other.text === text)).length
    expect(kept).toBeGreaterThanOrEqual(dimensions === '64' ? 1 : dimensions === '128' ? 3 : 5)
  }
})

test('says what runs and why', async ({ page }) => {
  await openReady(page)
  await expect(facts(page)).toContainText('Runs onWebAssembly')
  await expect(facts(page)).toContainText(/WebGPU: no adapter/u)
  await expect(facts(page)).toContainText(/WebAssembly: chosen, cosine 0\.99\d\d to the known answer/u)
  await expect(facts(page)).toContainText(/Size2\d\.\d MB, kept for offline use/u)
  await search(page, 'post office')
  await expect(facts(page)).toContainText(/Query[\d.]+ m?s for 4 tokens/u)
  await expect(facts(page)).toContainText(/Search[\d.]+ ms for 1\d,\d{3} passages/u)

  await page.getByRole('radio', { name: 'WASM' }).check({ force: true })
  await expect(page.locator('#attempts')).not.toContainText('WebGPU: no adapter')
  await expect(facts(page)).toContainText('StateReady')
  await page.reload()
  await expect(page.getByRole('radio', { name: 'WASM' })).toBeChecked()
  await expect(facts(page)).toContainText('Loadedfrom this device')

  await page.getByRole('radio', { name: 'WebGPU', exact: true }).check({ force: true })
  await expect(facts(page)).toContainText('StateFailed')
  await expect(page.getByRole('alert').first()).toContainText('unsupported_environment')
  await page.getByRole('radio', { name: 'Auto' }).check({ force: true })
  await expect(facts(page)).toContainText('StateReady')
  await expect(page.getByRole('alert').first()).toBeHidden()
})

const NOTES = `The sourdough starter must be fed twice a day with flour and water.

The boiler in the cellar was serviced in March; the next inspection is due in two years.

Our train to Lisbon leaves at nine from platform four, and the seats are in coach seven.`

test('searches text of one’s own as soon as it is embedded', async ({ page }) => {
  await openReady(page)
  await page.getByLabel('Text to add').fill(NOTES)
  await page.getByRole('button', { name: 'Add text' }).click()
  await expect(page.getByRole('list', { name: 'Your documents' }).getByRole('listitem')).toHaveCount(1)
  await expect(page.getByRole('radio', { name: 'Both' })).toBeChecked()

  await page.getByRole('radio', { name: 'Your text' }).check({ force: true })
  await search(page, 'when is the heating checked again?')
  await expect(cards(page).first()).toContainText('The boiler in the cellar')

  await page.getByLabel('Choose files').setInputFiles([
    {
      name: 'garden.md',
      mimeType: 'text/markdown',
      buffer: Buffer.from('# Garden\n\nThe roses want pruning before the frost.\n'),
    },
    { name: 'photo.png', mimeType: 'image/png', buffer: Buffer.from([0x89, 0x50]) },
  ])
  await expect(page.getByRole('list', { name: 'Your documents' }).getByRole('listitem')).toHaveCount(2)
  await expect(page.locator('#own-error')).toContainText('photo.png: only .txt and .md files')
  await search(page, 'cutting back flowers in autumn')
  await expect(cards(page).first()).toContainText('garden.md')

  await page.getByRole('button', { name: 'Remove garden.md' }).click()
  await expect(cards(page).first()).not.toContainText('garden.md')
})

test('shows progress and rate, and cancels', async ({ page }) => {
  await openReady(page)
  const long = readFileSync(new URL('../../LICENSE', import.meta.url), 'utf8').repeat(100)
  await page
    .getByLabel('Choose files')
    .setInputFiles({ name: 'long.txt', mimeType: 'text/plain', buffer: Buffer.from(long) })
  const bar = page.getByRole('progressbar', { name: /long\.txt/u })
  await expect(bar).toBeVisible()
  await expect(page.locator('#own-rate')).toHaveText(/passages\/s · [\d,.]+ tokens\/s/u)
  await expect(bar).toHaveAttribute('aria-valuenow', /\d+/u)

  // What is done can be searched while the rest is under way.
  await page.getByRole('radio', { name: 'Your text' }).check({ force: true })
  await search(page, 'patent claims against a contributor')
  await expect(cards(page).first()).toContainText(/patent/iu)
  await expect(bar).toBeVisible()

  await page.getByRole('button', { name: 'Cancel' }).click()
  await expect(bar).toBeHidden()
  await expect(page.locator('#documents')).toContainText(/\d+ of [\d,]+ passages/u)
})

test('works with the network cut, also after a reload', async ({ page, context }) => {
  await openReady(page)
  await expect(page.getByText('Works offline')).toBeVisible()
  await context.setOffline(true)
  await search(page, 'the great depression and unemployment')
  expect((await shown(page))[0]?.year).toBeGreaterThan(1929)

  await page.reload()
  await expect(facts(page)).toContainText('StateReady')
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
  await expect(facts(page)).toContainText('Loadedfrom this device')
  await search(page, 'a canal across the isthmus of Panama')
  const years = (await shown(page)).map(({ year }) => year)
  expect(years).toHaveLength(10)
  expect(Math.max(...years)).toBeLessThan(1985)
})

test('works by keyboard alone', async ({ page }) => {
  await openReady(page)
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to the search field' })).toBeFocused()
  await page.keyboard.press('/')
  await expect(page.getByRole('searchbox')).toBeFocused()
  await page.keyboard.type('hurricane relief')
  await expect(page.locator('#announce')).toHaveText('10 results for hurricane relief')
  await page.keyboard.press('ArrowDown')
  await expect(cards(page).nth(0)).toBeFocused()
  await page.keyboard.press('ArrowDown')
  await expect(cards(page).nth(1)).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(cards(page).nth(1).getByRole('button', { name: 'Hide context' })).toHaveAttribute(
    'aria-expanded',
    'true',
  )
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('ArrowUp')
  await expect(page.getByRole('searchbox')).toBeFocused()
  await page.keyboard.press('Tab')
  await expect(page.getByRole('radio', { name: 'Addresses' })).toBeFocused()
  await page.keyboard.press('Tab')
  await page.keyboard.press('ArrowRight')
  await expect(page.getByRole('radio', { name: '256' })).toBeChecked()
})

test('every control has a name, and the headings make an outline', async ({ page }) => {
  await openReady(page)
  await search(page, 'schools')
  const unnamed = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, input, textarea, [role=progressbar]')]
      .filter((element) => element.checkVisibility())
      .filter((element) => {
        const labels =
          element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? element.labels : null
        const labelledBy = document.getElementById(element.getAttribute('aria-labelledby') ?? '')
        const text = element instanceof HTMLButtonElement ? element.textContent : ''
        const names = [
          element.getAttribute('aria-label'),
          labelledBy?.textContent,
          labels?.[0]?.textContent,
          text,
        ]
        return !names.some((name) => name !== null && name !== undefined && name.trim() !== '')
      })
      .map((element) => element.outerHTML),
  )
  expect(unnamed).toEqual([])
  const levels = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('h1, h2, h3')]
      .filter((heading) => heading.checkVisibility())
      .map((heading) => Number(heading.tagName[1])),
  )
  expect(levels[0]).toBe(1)
  expect(levels.filter((level) => level === 1)).toHaveLength(1)
  levels.slice(1).forEach((level, index) => expect(level - (levels[index] ?? 0)).toBeLessThanOrEqual(1))
  expect(await page.evaluate(() => document.documentElement.lang)).toBe('en')
})

test('fits a narrow phone', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 })
  await openReady(page)
  await search(page, 'the price of bread')
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  expect(overflow).toBeLessThanOrEqual(0)
})
