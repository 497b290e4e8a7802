/** Puts a Worker in place whose every instance runs the library's inference entry and can be made to fail. */

const Native = globalThis.Worker

globalThis.Worker = class extends Native {
  constructor() {
    super(new URL('./fragile-inference.ts', import.meta.url), { type: 'module' })
  }
}
