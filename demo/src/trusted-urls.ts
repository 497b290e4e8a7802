/**
 * The page enforces Trusted Types, under which a worker is started only from an address that a policy let through.
 * This one lets through what lies on the page's own origin; nothing may make HTML or script from strings.
 */

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): unknown
}

/** Must run before the first worker is made. */
export function allowOwnWorkers(): void {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes }
  trustedTypes?.createPolicy('default', {
    createScriptURL(url) {
      if (new URL(url, document.baseURI).origin === location.origin) return url
      throw new TypeError(`A script from another origin was refused: ${url}`)
    },
  })
}
