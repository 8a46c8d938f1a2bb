import type { CacheStore } from '../cache/cache-store.ts'

/**
 * A store for a cache that is switched off: every read goes to its loader, every invalidation is done at once. A limiter does not take it.
 *
 * ```ts
 * import { createCache, disabled } from 'millpond'
 *
 * const cache = createCache({ store: disabled(), namespace: 'shop' })
 * const price = cache.define({ name: 'price', ttl: '5m', load: async () => 12 })
 * await price.get()
 * const { status, reason } = await price.get()
 * console.log(status, reason) // bypass disabled
 * ```
 */
export function disabled(): CacheStore & { readonly kind: 'disabled' } {
  return {
    kind: 'disabled',
    read: async (keys) => keys.map(() => null),
    lease: async ({ tags, nonce }) => ({ kind: 'granted', versions: tags.map(() => nonce) }),
    fill: async () => false,
    async release() {},
    versions: async (tags, nonce) => tags.map(() => nonce),
    async renew() {},
    scan: async () => ({ keys: [], cursor: '0' }),
    async remove() {},
  }
}
