/** Registers the service worker of the built page, and tells whether the page will open without a network. */

const SUPPORTED = 'serviceWorker' in navigator && isSecureContext

/**
 * Lets `offline.js` take this page over, so that everything fetched from now on is kept.
 * Does nothing in development, where files change under one name.
 *
 * @throws when registration fails or takes longer than `patience` ms; the page works all the same, online
 */
export async function setUpOffline(patience = 5000): Promise<void> {
  if (import.meta.env.DEV || !SUPPORTED) return
  // The hashed name of this very script stands for the build.
  const build = new URL(import.meta.url).pathname.replace(/^.*\//u, '')
  const url = new URL(`offline.js?build=${encodeURIComponent(build)}`, document.baseURI)
  const controlled = new Promise<void>((resolve) => {
    const taken = (): void => {
      // Also when it comes late: what the page has fetched before must be kept all the same.
      navigator.serviceWorker.controller?.postMessage(loadedSoFar())
      resolve()
    }
    navigator.serviceWorker.addEventListener('controllerchange', taken, { once: true })
  })
  await navigator.serviceWorker.register(url)
  if (navigator.serviceWorker.controller === null) {
    const late = new Promise<never>((_resolve, reject) => {
      setTimeout(() => reject(new Error('the service worker did not start in time')), patience)
    })
    await Promise.race([controlled, late])
  } else navigator.serviceWorker.controller.postMessage(loadedSoFar())
}

function loadedSoFar(): string[] {
  const fetched = performance.getEntriesByType('resource').map(({ name }) => name)
  return [location.href.replace(/#.*$/u, ''), ...fetched].filter(isOurs)
}

/** What `offline.js` keeps: the model's files are the library's. */
function isOurs(url: string): boolean {
  const scope = new URL('.', document.baseURI).href
  return url.startsWith(scope) && !url.startsWith(`${scope}models/`) && !url.includes('/offline.js?')
}

/** Why the page would not open offline, or null when it would. */
export async function whyNotOffline(needed: readonly URL[]): Promise<string | null> {
  if (import.meta.env.DEV) return 'not in development'
  if (!SUPPORTED) return 'this browser offers no service worker here'
  if (navigator.serviceWorker.controller === null) return 'the service worker does not control this page'
  for (const url of [...loadedSoFar(), ...needed.map(String)]) {
    if (!isOurs(url)) continue
    const kept = await caches.match(url, { ignoreSearch: true, ignoreVary: true })
    if (kept === undefined) {
      // Fetched before the worker was there but listed only afterwards, as the icon may be: asked for again.
      navigator.serviceWorker.controller.postMessage([url])
      return `${new URL(url).pathname} is not stored`
    }
  }
  return null
}
