/** This library, and many loads and unloads of its model. */

import { drive } from './driver.ts'
import { client, model, ours } from './our-client.ts'

declare global {
  /** Loads and unloads so often; then the model is loaded. */
  var cycleLoads: (count: number) => Promise<void>
}

globalThis.cycleLoads = async (count) => {
  for (let cycle = 0; cycle < count; cycle++) {
    await client.models.load(model)
    await client.models.unload(model)
  }
  await client.models.load(model)
}

drive(ours)
