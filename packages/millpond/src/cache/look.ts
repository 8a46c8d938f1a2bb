import type { CacheStore } from './cache-store.ts'
import { readEntry, type StoredEntry } from './entry.ts'
import type { ReadReason } from './event.ts'
import { type Freshness, judgeFreshness } from './freshness.ts'
import type { Seal } from './seal.ts'
import type { Spec } from './spec.ts'

/** An entry that counts, with its decoded value. */
export interface Found<Value> {
  readonly entry: StoredEntry
  readonly value: Value
}

/** What one look at the store found. A miss may come with a spare: a value past its TTL that may be served if loading fails. */
export type Look<Value> =
  | (Found<Value> & { readonly kind: 'found'; readonly freshness: 'fresh' | 'early' | 'stale' })
  | {
      readonly kind: 'miss'
      readonly reason: ReadReason
      readonly lease: string | null
      readonly versions: readonly (string | null)[]
      readonly spare: Found<Value> | undefined
      /** How the entry's text begins; empty when it is absent, undefined when it is not one of ours. */
      readonly seen: string | undefined
    }
  | { readonly kind: 'failed'; readonly error: unknown }

/** Reads the entry, its tags' versions and, when asked, its lease: one round trip, one command. Never throws. */
export async function look<Value>(
  settings: {
    readonly store: CacheStore
    readonly clock: { now(): number }
    readonly random: () => number
    readonly seal: Seal
  },
  spec: Spec<Value>,
  options: { readonly lease: boolean },
): Promise<Look<Value>> {
  const { slot } = spec
  const keys = options.lease ? [slot.entry, ...slot.tags, slot.lease] : [slot.entry, ...slot.tags]
  let values: (string | null)[]
  try {
    values = await settings.store.read(keys)
  } catch (error) {
    return { kind: 'failed', error }
  }
  const versions = values.slice(1, 1 + slot.tags.length)
  const lease = options.lease ? (values.at(-1) ?? null) : null
  const text = values[0] ?? null
  const entry = text === null ? undefined : readEntry(text)
  const seen = text === null ? '' : entry?.head
  const miss = (reason: ReadReason, spare?: Found<Value>): Look<Value> => ({
    kind: 'miss',
    reason,
    lease,
    versions,
    spare,
    seen,
  })
  if (text === null) return miss('absent')
  if (!entry) return miss('unreadable')
  const changed = findChange(entry, spec, versions)
  if (changed) return miss(changed)
  const freshness = judgeFreshness(entry, spec.lifetime, settings.clock.now(), settings.random())
  if (freshness === 'expired') return miss('expired')
  const opened = settings.seal.open(entry.body, slot.entry)
  const body = opened instanceof Promise ? await opened : opened
  if (body === undefined) return miss('unreadable')
  const ready = spec.decode(body)
  const decoded = ready instanceof Promise ? await ready : ready
  if (decoded.issues !== null) return miss('schema-rejected')
  const { value } = decoded
  return toLook({ entry: body === entry.body ? entry : { ...entry, body }, value }, freshness, miss)
}

function toLook<Value>(
  found: Found<Value>,
  freshness: Exclude<Freshness, 'expired'>,
  miss: (reason: ReadReason, spare: Found<Value>) => Look<Value>,
): Look<Value> {
  if (freshness === 'spare') return miss('expired', found)
  return { kind: 'found', freshness, entry: found.entry, value: found.value }
}

/** An entry counts only while it is of this shape and every tag has the version it had before the load; whatever its age. */
function findChange(
  entry: StoredEntry,
  spec: Spec<unknown>,
  versions: readonly (string | null)[],
): ReadReason | undefined {
  if (entry.schemaVersion !== spec.schemaVersion) return 'version-changed'
  if (entry.versions.length !== versions.length) return 'tag-changed'
  return entry.versions.every((version, index) => version === versions[index]) ? undefined : 'tag-changed'
}
