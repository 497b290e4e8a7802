/** Which requests the page's Content-Security-Policy refused: the failure of a fetch itself does not tell. */

/** Milliseconds in which the browser tells of a violation that a fetch has failed of. */
const TELLING = 100

/** Hears what the policy refuses. Made before a request, asked after its failure, closed in any case. */
export class PolicyWatch {
  readonly #end = new AbortController()
  readonly #refused: Promise<string>

  /** @param url of the request */
  constructor(url: string) {
    this.#refused = new Promise((resolve) => {
      // Only of this address: other requests run at the same time. After a redirect the browser tells the first one.
      const hear = ({ blockedURI, effectiveDirective }: SecurityPolicyViolationEvent): void => {
        if (blockedURI === url) resolve(effectiveDirective)
      }
      // Workers have the event too, whatever the types say; Node has neither.
      ;(globalThis as Partial<EventTarget>).addEventListener?.(
        'securitypolicyviolation',
        hear as unknown as EventListener,
        { signal: this.#end.signal },
      )
    })
  }

  /** The directive that refused the request; null: it failed of something else. */
  async directive(): Promise<string | null> {
    const late = new Promise<null>((resolve) => setTimeout(resolve, TELLING, null))
    return Promise.race([this.#refused, late])
  }

  close(): void {
    this.#end.abort()
  }
}
