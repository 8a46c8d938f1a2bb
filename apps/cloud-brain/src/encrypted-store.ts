import { createSealer, SealError, type SealingKey } from './seal.ts'
import type { NamedCacheStore } from './stores.ts'

const PREFIX = 'sealed:'

/**
 * A cache store whose entries can be read only with the keys (AES-256-GCM, bound to the entry's key). Tag versions are
 * random and stay as they are. An entry that does not open, such as one of an older key, is a miss.
 */
export function encryptedStore(store: NamedCacheStore, keys: readonly [SealingKey, ...SealingKey[]]): NamedCacheStore {
  const sealer = createSealer(keys)
  const open = (text: string | null, key: string | undefined): string | null => {
    if (text === null || key === undefined) return text
    // Versions and leases are nonces without a separator; an entry that is not sealed is not ours.
    if (!text.startsWith(PREFIX)) return text.includes('|') ? null : text
    try {
      return sealer.open(text.slice(PREFIX.length), key)
    } catch (error) {
      if (error instanceof SealError) return null
      throw error
    }
  }
  return {
    kind: store.kind,
    read: async (asked) => (await store.read(asked)).map((text, index) => open(text, asked[index])),
    fill: (request) => store.fill({ ...request, text: PREFIX + sealer.seal(request.text, request.entry) }),
    lease: (request) => store.lease(request),
    release: (lease, token) => store.release(lease, token),
    versions: (tags, nonce, ttlMs) => store.versions(tags, nonce, ttlMs),
    renew: (tags, nonce, ttlMs) => store.renew(tags, nonce, ttlMs),
    remove: (removed) => store.remove(removed),
  }
}
