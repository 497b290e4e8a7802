/** Puts the page together. */

import { loadCorpus, type Corpus } from './corpus.ts'
import { byId, check, checkedValue } from './dom.ts'
import { DEVICES, Engine } from './engine.ts'
import { EngineView } from './engine-view.ts'
import { count, megabytes } from './format.ts'
import { Notices } from './notices.ts'
import { setUpOffline, whyNotOffline } from './offline-setup.ts'
import { OwnText } from './own-text.ts'
import { OwnView } from './own-view.ts'
import { SearchPanel } from './search-panel.ts'
import { Searcher } from './searcher.ts'
import { readSetting, writeSetting } from './settings.ts'
import { setUpTheme } from './theme.ts'
import { allowOwnWorkers } from './trusted-urls.ts'

setUpTheme()
allowOwnWorkers()
// First of all, so that what the page fetches from here on is kept for offline use.
const offline = await setUpOffline().then(
  () => null,
  (error: unknown) => (error instanceof Error ? error.message : String(error)),
)

const device = byId('device', HTMLFieldSetElement)
check(device, readSetting('device', DEVICES, 'auto'))
const chosenDevice = (): (typeof DEVICES)[number] =>
  DEVICES.find((choice) => choice === checkedValue(device)) ?? 'auto'

const notices = new Notices()
const engineView = new EngineView()
const corpusBase = new URL('corpus/', document.baseURI)
const corpus = loadCorpus(corpusBase)
const engine = new Engine(chosenDevice(), (state) => {
  engineView.showState(state)
  if (state.phase === 'failed') notices.show('engine', state.error, () => void engine.restart())
  else notices.clear('engine')
  if (state.phase === 'ready') void panel.run()
  if (state.phase !== 'loading') void showOffline()
})
const own = new OwnText(engine)
const searcher = new Searcher(engine, corpus, own)
const panel = new SearchPanel({ engineView, searcher, own, notices, onWorked: showWorkers })
new OwnView(own, {
  onChange() {
    panel.ownChanged()
    showWorkers()
  },
  onSpeed: (tokens, seconds) => engineView.showSpeed(tokens, seconds, 'your text'),
})

device.addEventListener('change', () => {
  writeSetting('device', chosenDevice())
  panel.stop()
  searcher.forget()
  void engine.restart(chosenDevice())
})

corpus.then(showCorpus, (error: unknown) => {
  byId('about', HTMLElement).textContent = 'Not loaded.'
  notices.show('corpus', error, () => location.reload())
})

/** After longer work: it may have started more workers. */
function showWorkers(): void {
  engine.status().then(
    (status) => engineView.showStatus(status),
    // The client was closed for another, whose state is shown.
    () => undefined,
  )
}

function showCorpus({ header }: Corpus): void {
  const [first, last] = header.years
  const bytes = header.addresses.bytes + header.vectors.bytes
  byId('about', HTMLElement).textContent =
    `${header.title}, ${String(first)} to ${String(last)}: ${count(header.count, 'passage')}, ` +
    `with their vectors ${megabytes(bytes)}. Embedded by this library; vectors as int8. ` +
    `From the ${header.source}. ${header.licence}.`
}

/** The worker keeps files in its own time: looked at again each second, until all are there or `tries` are used up. */
async function showOffline(tries = 20): Promise<void> {
  const badge = byId('offline', HTMLElement)
  const header = await corpus.then(
    (loaded) => loaded.header,
    () => null,
  )
  const status = await engine.ready.catch(() => null)
  const files = header === null ? [] : [header.addresses.file, header.vectors.file]
  const needed = ['corpus.json', ...files].map((file) => new URL(file, corpusBase))
  const lack = await whyNotOffline([new URL('.', document.baseURI), ...needed])
  const reason = lack === null ? null : (offline ?? lack)
  const model = status === null ? 'the model is not loaded' : status.storageReason
  const why = reason ?? model
  badge.hidden = false
  badge.classList.toggle('ready', why === null)
  badge.textContent = why === null ? 'Works offline' : 'Online only'
  badge.title =
    why === null
      ? 'Everything is stored on this device: reload without a network if you like.'
      : `Not ready for offline use: ${why}`
  if (reason !== null && tries > 1) setTimeout(() => void showOffline(tries - 1), 1000)
}
