import { canonical, createNonce, type Keyring } from '../key.ts'
import { type Duration, toMilliseconds } from '../time/duration.ts'
import type { CacheStore } from './cache-store.ts'
import { encode } from './codec.ts'
import { LONGEST_TTL_MS } from './define.ts'
import { anyPart, deleteMatching, joinParts, type Matched } from './delete-matching.ts'
import { toText } from './entry.ts'
import type { CacheReporter, ReadReason } from './event.ts'
import type { Delivery } from './invalidate.ts'
import { attempt, type LeaseSettings } from './lease.ts'
import { look } from './look.ts'
import { type Slot, toTagKeys } from './slot.ts'
import type { Spec } from './spec.ts'
import type { Undelivered } from './undelivered.ts'
import { close } from './unsealed.ts'

/** The name under which plain entries stand in keys; no definition can have it. */
const NAME = '_'

/** The key of a plain entry: its parts and the tags that invalidate it. Made by `cache.key`. */
export interface CacheKey {
  /** The canonical text of each part. */
  readonly parts: readonly string[]
  readonly tags: readonly string[]
  /** The same key with tags. The same key must always be given the same tags: an entry counts only under those that it was stored with. */
  withTags(...tags: string[]): CacheKey
}

/** What a plain read found; a value that is null or false is a hit. */
export type PlainRead =
  | { readonly status: 'hit'; readonly value: unknown; readonly ageMs: number; readonly ttlMs: number }
  | { readonly status: 'miss'; readonly reason: ReadReason }

/** The state of a key before a value was computed: a `set` that is given it is refused if the key or its tags were invalidated since. */
export interface Stamp {
  readonly token: string
  readonly versions: readonly string[]
  /** For how long the versions live at least, milliseconds. */
  readonly tagTtlMs: number
}

/** Options of `set`. */
export interface SetOptions {
  /** From 1 ms to 30 d. */
  readonly ttl: Duration
  /** From `cache.stamp(key)`, taken before the value was computed. Without it the value is stored whatever happened meanwhile. */
  readonly stamp?: Stamp | undefined
}

/** Entries read and written by hand. Nothing here rejects for the store's sake. */
export interface PlainCache {
  /**
   * The key of parts that are plain data. Different parts give different keys whatever characters they hold.
   *
   * @throws {TypeError} naming the part that is not plain data
   */
  key(...parts: readonly unknown[]): CacheKey
  /** Reads a value. 1 round trip. */
  get(key: CacheKey): Promise<PlainRead>
  /**
   * Stores a value that JSON can hold. 1 round trip with a stamp (2 where its tags would end before the value), 2 without. A load of a definition is never affected.
   *
   * @throws {RangeError | TypeError} for a TTL that breaks its rule, or a value that is not JSON
   */
  set(key: CacheKey, value: unknown, options: SetOptions): Promise<{ readonly stored: boolean }>
  /** Takes the state of a key before its value is computed. 1 round trip; undefined when the store does not answer. The last stamp of a key counts. */
  stamp(key: CacheKey): Promise<Stamp | undefined>
  /**
   * Removes every plain entry whose key begins with the parts; `anyPart` stands for one part, whatever it is. Goes through all keys of the database, on a cluster of each master: for the
   * rare case, and for habits from elsewhere; tags do the same in 1 round trip. What is stored meanwhile may stay.
   *
   * @throws {TypeError} when a part is not plain data, or the store cannot list its keys
   */
  deleteMatching(...parts: readonly unknown[]): Promise<Matched>
  /** Removes a value; what was computed before is refused where it was stamped. 1 round trip. */
  delete(key: CacheKey): Promise<Delivery>
}

/** What plain entries need of their cache. */
export interface PlainSettings extends Pick<LeaseSettings, 'store' | 'clock' | 'random' | 'seal' | 'leaseMs'> {
  readonly store: CacheStore
  readonly keyring: Keyring
  readonly undelivered: Undelivered
  readonly report: CacheReporter
  readonly remove: (slot: Slot) => Promise<Delivery>
  /** Says that an entry with this TTL is about to be stored, so that versions of tags outlive it. */
  readonly tagTtlMs: (ttlMs: number) => number
  readonly disabled: boolean
}

/** Creates the plain side of a cache. */
export function createPlainCache(settings: PlainSettings): PlainCache {
  const { store, clock, keyring, undelivered, report, remove, disabled } = settings

  async function toSpec(key: CacheKey): Promise<Spec<unknown>> {
    if (!key?.parts) throw new TypeError(`Cannot use a key: "key" must be made by cache.key(), received ${typeof key}`)
    const id = joinParts(await Promise.all(key.parts.map((part) => keyring.id(part))))
    const tags = await toTagKeys(keyring, 'Cannot use a key', key.tags)
    return {
      name: NAME,
      schemaVersion: '1',
      lifetime: { ttlMs: 0, nullTtlMs: 0, staleForMs: 0, staleIfErrorMs: 0 },
      localMs: 0,
      frozen: false,
      softTimeoutMs: undefined,
      hardTimeoutMs: undefined,
      valueTags: undefined,
      slot: { entry: keyring.entry(NAME, id), lease: keyring.lease(NAME, id), tags },
      load: () => Promise.reject(new TypeError('Cannot load: a plain entry has no loader')),
      encode: toBody,
      decode: (body) => ({ value: JSON.parse(body), issues: null }),
    }
  }

  async function take(key: CacheKey, ttlMs: number): Promise<Stamp | undefined> {
    if (disabled) return undefined
    const token = createNonce()
    const tagTtlMs = settings.tagTtlMs(ttlMs)
    const lease = { ...settings, tagTtlMs: () => tagTtlMs }
    const grant = await attempt(lease, await toSpec(key), { token, takeOver: true, seen: undefined })
    if (grant.kind === 'granted') return { token, versions: grant.versions, tagTtlMs }
    if (grant.kind === 'failed') report({ type: 'store-error', operation: 'stamp', error: grant.error })
    return undefined
  }

  return {
    key: (...parts) => toKey(parts.map(toPart), []),
    async get(key) {
      const spec = await toSpec(key)
      const miss = (reason: ReadReason): PlainRead => ({ status: 'miss', reason })
      if (disabled) return miss('disabled')
      if (undelivered.covers(spec.slot)) return miss('invalidation-pending')
      const found = await look(settings, spec, { lease: false })
      if (found.kind === 'miss') return miss(found.reason)
      if (found.kind === 'failed') {
        report({ type: 'store-error', operation: 'read', error: found.error })
        return miss('store-failed')
      }
      const ageMs = Math.max(0, clock.now() - found.entry.storedAt)
      return { status: 'hit', value: found.value, ageMs, ttlMs: Math.max(0, found.entry.ttlMs - ageMs) }
    },
    // Plain JavaScript may leave the options out: the TTL that is missing is what it is told of.
    async set(key, value, { ttl, stamp } = Object()) {
      const ttlMs = toMilliseconds(ttl, { action: 'Cannot set', name: 'ttl', maxMs: LONGEST_TTL_MS })
      const body = toBody(value)
      const held = stamp ?? (await take(key, ttlMs))
      if (!held) return { stored: false }
      const { entry, lease, tags } = (await toSpec(key)).slot
      const sealed = await close(settings, body, entry)
      if (sealed === undefined) return { stored: false }
      try {
        const text = toText({
          schemaVersion: '1',
          storedAt: clock.now(),
          ttlMs,
          loadMs: 0,
          versions: held.versions,
          named: '',
          body: sealed,
        })
        // A stamp cannot know for how long its versions must live.
        const tagTtlMs = settings.tagTtlMs(ttlMs)
        if (tagTtlMs > held.tagTtlMs) await store.versions(tags, createNonce(), tagTtlMs)
        return { stored: await store.fill({ entry, lease, token: held.token, text, ttlMs }) }
      } catch (error) {
        report({ type: 'store-error', operation: 'fill', error })
        return { stored: false }
      }
    },
    stamp: (key) => take(key, 0),
    async deleteMatching(...parts) {
      const toId = (part: unknown, index: number) => (part === anyPart ? anyPart : keyring.id(toPart(part, index)))
      return deleteMatching(settings, NAME, await Promise.all(parts.map(toId)))
    },
    async delete(key) {
      return remove((await toSpec(key)).slot)
    },
  }
}

function toKey(parts: readonly string[], tags: readonly string[]): CacheKey {
  return { parts, tags, withTags: (...more) => toKey(parts, more) }
}

function toPart(part: unknown, index: number): string {
  return canonical(part, `key[${index}]`)
}

function toBody(value: unknown): string {
  return encode(value, undefined, (rule, cause) => new TypeError(`Cannot set: "value" must be ${rule}`, { cause }))
}
