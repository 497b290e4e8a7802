/** How an adapter is called in `status` and in messages. */
export function adapterName(info: Pick<GPUAdapterInfo, 'vendor' | 'architecture' | 'description'>): string {
  const parts = [info.vendor, info.architecture, info.description].filter((part) => part !== '')
  return parts.join(' ') || 'unnamed adapter'
}
