/** Makes this thread's browser deny the Cache API, as some do in private windows. Must be imported first. */

caches.open = () => Promise.reject(new DOMException('The operation is insecure.', 'SecurityError'))

export {}
