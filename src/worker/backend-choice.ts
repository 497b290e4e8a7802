/** Which of two backends serves what. Pure. */

import type { Device } from '../models/recipe.ts'
import type { Priority } from '../openai/types.ts'

/** Which device answers lone queries, and which one works on many texts. */
export type Serving = Readonly<Record<Priority, Device>>

/** Requests of more inputs than this are bulk work, whatever their priority. */
const FEW_INPUTS = 4

/** Which of the two kinds of work a request is. */
export function roleOf(priority: Priority, inputs: number): Priority {
  return inputs > FEW_INPUTS ? 'background' : priority
}

/** Whether one device serves everything. */
export function isAll(device: Device, { interactive, background }: Serving): boolean {
  return interactive === device && background === device
}

/** One device for everything. */
export const allOn = (device: Device): Serving => ({ interactive: device, background: device })

/** For `status`: what WebGPU was chosen for. */
export function describeServing(serving: Serving): string {
  if (isAll('webgpu', serving)) return 'chosen'
  return `chosen for ${serving.interactive === 'webgpu' ? 'interactive' : 'background'} requests`
}
