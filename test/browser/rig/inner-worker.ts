/** Looks for the onnxruntime files as the library does, and says with which type they come. */

const urls = {
  wasm: new URL('onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm', import.meta.url).href,
  mjs: new URL('onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs', import.meta.url).href,
}

const files: Record<string, string> = {}
for (const [name, url] of Object.entries(urls)) {
  const response = await fetch(url)
  await response.body?.cancel()
  files[name] = response.ok
    ? (response.headers.get('content-type') ?? '')
    : `${url}: ${String(response.status)}`
}
postMessage({ isolated: crossOriginIsolated, files })
