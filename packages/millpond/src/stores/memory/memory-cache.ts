import type { CacheStore } from '../../cache/cache-store.ts'
import type { StoreKey } from '../../key.ts'
import type { Clock } from '../../time/clock.ts'

interface Kept {
  readonly text: string
  readonly expiresAt: number
}

/** What a key costs besides its characters: the map's slot and the object. */
const OVERHEAD_BYTES = 120

const VERSION = /^[\w-]{1,64}$/

/** The cache's contract in process memory. Above `maxBytes` (estimated, two bytes a character) the least recently used keys go. */
export function createMemoryCache(options: { clock: Clock; maxBytes: number }): CacheStore {
  const { clock, maxBytes } = options
  const kept = new Map<StoreKey, Kept>()
  let bytes = 0

  const sizeOf = (key: StoreKey, text: string) => 2 * (key.length + text.length) + OVERHEAD_BYTES

  function drop(key: StoreKey): void {
    const found = kept.get(key)
    if (!found) return
    kept.delete(key)
    bytes -= sizeOf(key, found.text)
  }

  function get(key: StoreKey): string | null {
    const found = kept.get(key)
    if (!found) return null
    if (found.expiresAt <= clock.now()) {
      drop(key)
      return null
    }
    kept.delete(key)
    kept.set(key, found)
    return found.text
  }

  function set(key: StoreKey, text: string, ttlMs: number): void {
    drop(key)
    // It would push out all the rest, and then itself.
    if (sizeOf(key, text) > maxBytes) return
    kept.set(key, { text, expiresAt: clock.now() + ttlMs })
    bytes += sizeOf(key, text)
    while (bytes > maxBytes) drop(kept.keys().next().value ?? key)
  }

  function readVersions(tags: readonly StoreKey[], nonce: string, ttlMs: number): string[] {
    return tags.map((tag) => {
      const found = get(tag)
      // Something else than a version was not ours, and would spoil the text of an entry.
      const version = found !== null && VERSION.test(found) ? found : nonce
      // Never shortened: another process may have entries that live longer.
      const leftMs = version === found ? (kept.get(tag)?.expiresAt ?? 0) - clock.now() : 0
      set(tag, version, Math.max(ttlMs, leftMs))
      return version
    })
  }

  return {
    read: async (keys) => keys.map(get),
    async lease({ entry, seen, lease, token, leaseMs, tags, nonce, tagTtlMs, takeOver }) {
      const text = get(entry) ?? ''
      if (seen !== undefined && text.slice(0, Math.max(1, seen.length)) !== seen) return { kind: 'changed' }
      const leftMs = get(lease) === null ? 0 : (kept.get(lease)?.expiresAt ?? 0) - clock.now()
      if (leftMs > 0 && !takeOver) return { kind: 'held', leftMs }
      set(lease, token, leaseMs)
      return { kind: 'granted', versions: readVersions(tags, nonce, tagTtlMs) }
    },
    async fill({ entry, lease, token, text, ttlMs }) {
      if (get(lease) !== token) return false
      drop(lease)
      set(entry, text, ttlMs)
      return kept.has(entry)
    },
    async release(lease, token) {
      if (get(lease) === token) drop(lease)
    },
    versions: async (tags, nonce, ttlMs) => readVersions(tags, nonce, ttlMs),
    async renew(tags, nonce, ttlMs) {
      for (const tag of tags) set(tag, nonce, ttlMs)
    },
    async scan(match) {
      const pattern = new RegExp(
        `^${match
          .replace(/[^\w*?]/g, (character) => `\\${character}`)
          .replace(/\*/g, '.*')
          .replace(/\?/g, '.')}$`,
        's',
      )
      return { keys: [...kept.keys()].filter((key) => pattern.test(key)), cursor: '0' }
    },
    async remove(keys) {
      keys.forEach(drop)
    },
  }
}
