import type { StoreKey } from '../key.ts'
import type { Slot } from './slot.ts'

/** A value as the local tier keeps it. */
export interface LocalEntry {
  readonly body: string
  readonly storedAt: number
  readonly ttlMs: number
  /** The decoded value, where every reader may be given the same one: it cannot be changed. */
  readonly shared?: { readonly value: unknown } | undefined
}

/** A value that is kept, or was. Its times count from the tier's beginning: small numbers are read faster than those since 1970. */
export interface KeptEntry {
  readonly slot: Slot
  readonly body: string
  readonly ttlMs: number
  /** Whether `value` may be given to every reader. */
  readonly isShared: boolean
  readonly value: unknown
  readonly loadedAt: number
  readonly from: number
  /** Minus infinity when it was dropped. */
  until: number
  readonly bytes: number
  /** Whether it was served since room was last made: then it stays. A mark is cheaper than an order. */
  used: boolean
}

/** Values kept in this process for a short, stated time, bounded in bytes. */
export interface LocalTier {
  get(entry: StoreKey): KeptEntry | undefined
  /** Milliseconds since the value was loaded; -1 when it may be served no longer. For those who remember what `get` gave once. */
  ageOf(kept: KeptEntry): number
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

/** What a value costs besides its characters: the map's slot and the object. */
const OVERHEAD_BYTES = 200

/** Creates a local tier of at most `maxBytes` (estimated, two bytes a character); values that nobody has used lately go first (the clock algorithm). */
export function createLocalTier(options: { readonly clock: { now(): number }; readonly maxBytes: number }): LocalTier {
  const { clock, maxBytes } = options
  const beganAt = clock.now()
  const kept = new Map<StoreKey, KeptEntry>()
  const tagged = new Map<StoreKey, Set<StoreKey>>()
  let bytes = 0
  let barrier = 0

  function drop(entry: StoreKey): void {
    const found = kept.get(entry)
    if (!found) return
    kept.delete(entry)
    bytes -= found.bytes
    found.until = Number.NEGATIVE_INFINITY
    for (const tag of found.slot.tags) {
      const entries = tagged.get(tag)
      entries?.delete(entry)
      if (entries?.size === 0) tagged.delete(tag)
    }
  }

  function dropTag(tag: StoreKey): void {
    for (const entry of [...(tagged.get(tag) ?? [])]) drop(entry)
  }

  function ageOf(found: KeptEntry): number {
    const now = clock.now() - beganAt
    // Of a clock that was set back to before: it would lengthen the bound. Setting it back by less lengthens it by that much; a clock that cannot be set costs a fifth of a hit.
    if (now >= found.until || now < found.from) return -1
    found.used = true
    return Math.max(0, now - found.loadedAt)
  }

  function makeRoom(size: number): void {
    for (const [entry, found] of kept) {
      if (bytes + size <= maxBytes) return
      if (found.used) {
        found.used = false
        kept.delete(entry)
        kept.set(entry, found)
      } else drop(entry)
    }
  }

  function raise(order: number): void {
    barrier = Math.max(barrier, order)
  }

  return {
    get(entry) {
      const found = kept.get(entry)
      if (!found || ageOf(found) >= 0) return found
      drop(entry)
      return undefined
    },
    ageOf,
    put(slot, value, observed, keepMs) {
      const until = Math.min(observed.at + keepMs, value.storedAt + value.ttlMs)
      if (observed.order <= barrier || until <= clock.now()) return
      const { entry, tags } = slot
      drop(entry)
      const size = 2 * (entry.length + value.body.length) + OVERHEAD_BYTES * (1 + tags.length)
      if (size > maxBytes) return
      makeRoom(size)
      kept.set(entry, {
        slot,
        body: value.body,
        ttlMs: value.ttlMs,
        isShared: value.shared !== undefined,
        value: value.shared?.value,
        loadedAt: value.storedAt - beganAt,
        from: observed.at - beganAt,
        until: until - beganAt,
        bytes: size,
        used: false,
      })
      bytes += size
      for (const tag of tags) tagged.set(tag, (tagged.get(tag) ?? new Set()).add(entry))
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
