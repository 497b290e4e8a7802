/**
 * Where the policy of a worker's script enforces Trusted Types, further workers (inference, threads of onnxruntime) start
 * only from addresses that a policy let through. This one lets through what lies on the worker's own origin.
 */

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): unknown
}

/** Must run before the thread starts a worker of its own. */
export function trustOwnScripts(): void {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes }
  try {
    trustedTypes?.createPolicy('default', {
      createScriptURL(url) {
        if (new URL(url, location.href).origin === location.origin) return url
        throw new TypeError(`A script from another origin was refused: ${url}`)
      },
    })
  } catch {
    // A `trusted-types` directive without `default`. If types are enforced as well, starting a worker fails and says so.
  }
}
