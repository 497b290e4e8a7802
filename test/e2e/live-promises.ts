/** What a page keeps, as the browser's debugger counts it. */

import type { Page } from '@playwright/test'

/**
 * Promises that something still refers to: the browser collects garbage before it counts.
 *
 * @param page one that has run little else: in a page of many test files the count ends Chromium 156's renderer
 */
export async function livePromises(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  try {
    const { result } = await session.send('Runtime.evaluate', { expression: 'Promise.prototype' })
    if (result.objectId === undefined) throw new Error('Promise.prototype is no object')
    const { objects } = await session.send('Runtime.queryObjects', { prototypeObjectId: result.objectId })
    if (objects.objectId === undefined) throw new Error('the promises are no list')
    const counted = await session.send('Runtime.callFunctionOn', {
      objectId: objects.objectId,
      functionDeclaration: 'function () { return this.length }',
      returnByValue: true,
    })
    return Number(counted.result.value)
  } finally {
    // Lets go of the list.
    await session.detach()
  }
}
