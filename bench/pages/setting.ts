/** The setting that the runner puts into a page's address; so the work starts with the page and not with the runner. */

const query = new URLSearchParams(location.search)

export function readSetting<Setting>(): Setting {
  return JSON.parse(query.get('setting') ?? '{}') as Setting
}

/** Text to embed as soon as the page is there; null: none. */
export const firstText = query.get('first')
