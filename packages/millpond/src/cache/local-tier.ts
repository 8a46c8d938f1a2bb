import type { StoreKey } from '../key.ts'
import type { Slot } from './slot.ts'

/** A value as the local tier keeps it. */
export interface LocalEntry {
  readonly body: string
  readonly storedAt: number
  readonly ttlMs: number
}

/** Values kept in this process for a short, stated time, bounded in bytes. */
export interface LocalTier {
  get(entry: StoreKey): LocalEntry | undefined
  /**
   * Keeps a value that was observed, in the store or by a load, at `observed.at` (milliseconds) and `observed.order`. It is served for `keepMs` from that moment, so never longer
   * than `keepMs` past an invalidation elsewhere; it is not kept when this process has invalidated anything since.
   */
  put(slot: Slot, value: LocalEntry, observed: { readonly at: number; readonly order: number }, keepMs: number): void
  /** Forgets what has one of the tags; what was observed up to `order` is not kept any more. */
  dropTags(tags: readonly StoreKey[], order: number): void
  dropEntry(entry: StoreKey, order: number): void
  /** Forgets what is or has one of the keys. */
  dropKeys(keys: readonly StoreKey[]): void
  /** Forgets everything. */
  clear(): void
}

interface Kept extends LocalEntry {
  readonly tags: readonly StoreKey[]
  readonly from: number
  readonly until: number
  readonly bytes: number
}

/** What a value costs besides its characters: the map's slot and the object. */
const OVERHEAD_BYTES = 200

/** Creates a local tier of at most `maxBytes` (estimated, two bytes a character); the least recently used values go first. */
export function createLocalTier(options: { readonly clock: { now(): number }; readonly maxBytes: number }): LocalTier {
  const { clock, maxBytes } = options
  const kept = new Map<StoreKey, Kept>()
  const tagged = new Map<StoreKey, Set<StoreKey>>()
  let bytes = 0
  let barrier = 0

  function drop(entry: StoreKey): void {
    const found = kept.get(entry)
    if (!found) return
    kept.delete(entry)
    bytes -= found.bytes
    for (const tag of found.tags) {
      const entries = tagged.get(tag)
      entries?.delete(entry)
      if (entries?.size === 0) tagged.delete(tag)
    }
  }

  function dropTag(tag: StoreKey): void {
    for (const entry of [...(tagged.get(tag) ?? [])]) drop(entry)
  }

  function raise(order: number): void {
    barrier = Math.max(barrier, order)
  }

  return {
    get(entry) {
      const found = kept.get(entry)
      if (!found) return undefined
      const now = clock.now()
      // A clock that was set back must not lengthen the bound.
      if (now >= found.until || now < found.from) {
        drop(entry)
        return undefined
      }
      kept.delete(entry)
      kept.set(entry, found)
      return found
    },
    put(slot, value, observed, keepMs) {
      const until = Math.min(observed.at + keepMs, value.storedAt + value.ttlMs)
      if (observed.order <= barrier || until <= clock.now()) return
      const { entry, tags } = slot
      drop(entry)
      const size = 2 * (entry.length + value.body.length) + OVERHEAD_BYTES * (1 + tags.length)
      if (size > maxBytes) return
      const { body, storedAt, ttlMs } = value
      kept.set(entry, { body, storedAt, ttlMs, tags, from: observed.at, until, bytes: size })
      bytes += size
      for (const tag of tags) tagged.set(tag, (tagged.get(tag) ?? new Set()).add(entry))
      while (bytes > maxBytes) drop(kept.keys().next().value ?? entry)
    },
    dropTags(tags, order) {
      raise(order)
      tags.forEach(dropTag)
    },
    dropEntry(entry, order) {
      raise(order)
      drop(entry)
    },
    dropKeys(keys) {
      keys.forEach(drop)
      keys.forEach(dropTag)
    },
    clear: () => [...kept.keys()].forEach(drop),
  }
}
