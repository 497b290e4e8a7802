/** The unmodified hub files lie beside the repository on some machines only. */

/** Whether `../shared/models` is served; says so when it is not, for what is then left out. */
export async function haveSharedModels(what: string): Promise<boolean> {
  const response = await fetch('/shared-models/README.md')
  await response.body?.cancel()
  // Vite answers other addresses with a page.
  const here = response.ok && response.headers.get('content-type')?.includes('html') !== true
  if (!here) console.log(`left out, as ../shared/models is not here: ${what}`)
  return here
}
