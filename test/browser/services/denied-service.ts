/** The library's own service in a browser that denies the Cache API. */

import './deny-caches.ts'
import './observed-service.ts'
