/** Choices that outlive the tab. Where storage is closed to the page they last as long as it does. */

const memory = new Map<string, string>()

export function readSetting<T extends string>(name: string, choices: readonly T[], otherwise: T): T {
  let value: string | null = memory.get(name) ?? null
  try {
    value ??= localStorage.getItem(`demo:${name}`)
  } catch {
    // Blocked storage throws on access; what this tab chose is in memory.
  }
  return choices.find((choice) => choice === value) ?? otherwise
}

export function writeSetting(name: string, value: string): void {
  memory.set(name, value)
  try {
    localStorage.setItem(`demo:${name}`, value)
  } catch {
    // As above: the choice then lasts as long as the tab.
  }
}
