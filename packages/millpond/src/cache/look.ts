import { type Awaitable, whenReady } from '../awaitable.ts'
import type { CacheStore } from './cache-store.ts'
import { hasVersions, readEntry, type StoredEntry } from './entry.ts'
import type { ReadReason } from './event.ts'
import { judgeFreshness } from './freshness.ts'
import type { Seal } from './seal.ts'
import type { Spec } from './spec.ts'

/** An entry that counts, with its decoded value. */
export interface Found<Value> {
  readonly entry: StoredEntry
  readonly value: Value
}

/** A read that found no entry that counts. It may come with a spare: a value past its TTL that may be served if loading fails. */
export interface Missed<Value> {
  readonly kind: 'miss'
  readonly reason: ReadReason
  readonly lease: string | null
  readonly versions: readonly (string | null)[]
  readonly spare: Found<Value> | undefined
  /** How the entry's text begins; empty when it is absent, undefined when it is not one of ours. */
  readonly seen: string | undefined
}

/** What one look at the store found. */
export type Look<Value> =
  | (Found<Value> & { readonly kind: 'found'; readonly freshness: 'fresh' | 'early' | 'stale' })
  | Missed<Value>
  | { readonly kind: 'failed'; readonly error: unknown }

/** What judging needs. */
export interface LookSettings {
  readonly store: CacheStore
  readonly clock: { now(): number }
  readonly random: () => number
  readonly seal: Seal
}

/** Reads the entry, its tags' versions and, when asked, its lease: one round trip, one command. Never rejects for the store's sake. */
export function look<Value>(
  settings: LookSettings,
  spec: Spec<Value>,
  options: { readonly lease: boolean },
): Promise<Look<Value>> {
  const { slot } = spec
  const keys = options.lease ? [slot.entry, ...slot.tags, slot.lease] : [slot.entry, ...slot.tags]
  return settings.store.read(keys).then(
    (values) => judge(settings, spec, values),
    (error: unknown) => ({ kind: 'failed', error }),
  )
}

/** What the values of entry, tags and, where it was read, lease mean. A promise only where unsealing or decoding gives one. */
function judge<Value>(
  { clock, random, seal }: LookSettings,
  spec: Spec<Value>,
  values: readonly (string | null)[],
): Awaitable<Look<Value>> {
  const { slot } = spec
  const [text = null] = values
  const versions = values.slice(1, 1 + slot.tags.length)
  const entry = text === null ? undefined : readEntry(text)
  const miss = (reason: ReadReason, spare?: Found<Value>): Look<Value> => {
    const lease = values[1 + slot.tags.length] ?? null
    return { kind: 'miss', reason, lease, versions, spare, seen: text === null ? '' : entry?.head }
  }
  if (text === null) return miss('absent')
  if (!entry) return miss('unreadable')
  // An entry counts only while it is of this shape and every tag has the version it had before the load, whatever its age.
  if (entry.schemaVersion !== spec.schemaVersion) return miss('version-changed')
  if (!hasVersions(entry, versions)) return miss('tag-changed')
  const freshness = judgeFreshness(entry, spec.lifetime, clock.now(), random)
  if (freshness === 'expired') return miss('expired')
  return whenReady(seal.open(entry.body, slot.entry), (body) => {
    if (body === undefined) return miss('unreadable')
    return whenReady(spec.decode(body), (decoded) => {
      if (decoded.issues !== null) return miss('schema-rejected')
      const found = { entry: body === entry.body ? entry : { ...entry, body }, value: decoded.value }
      return freshness === 'spare' ? miss('expired', found) : { kind: 'found', freshness, ...found }
    })
  })
}
