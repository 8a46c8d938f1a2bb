import type { Clock } from '../time/clock.ts'
import type { CacheStore } from './cache-store.ts'
import { type Entry, readEntry } from './entry.ts'
import type { ReadReason } from './event.ts'
import type { Spec } from './spec.ts'

/** What one look at the store found. */
export type Look<Value> =
  | { readonly kind: 'hit'; readonly entry: Entry; readonly value: Value }
  | {
      readonly kind: 'miss'
      readonly reason: ReadReason
      readonly lease: string | null
      readonly versions: readonly (string | null)[]
    }
  | { readonly kind: 'failed'; readonly error: unknown }

/** Reads the entry, its tags' versions and, when asked, its lease: one round trip, one command. Never throws. */
export async function look<Value>(
  store: CacheStore,
  clock: Clock,
  spec: Spec<Value>,
  options: { readonly lease: boolean },
): Promise<Look<Value>> {
  const { slot } = spec
  const keys = options.lease ? [slot.entry, ...slot.tags, slot.lease] : [slot.entry, ...slot.tags]
  let values: (string | null)[]
  try {
    values = await store.read(keys)
  } catch (error) {
    return { kind: 'failed', error }
  }
  const versions = values.slice(1, 1 + slot.tags.length)
  const lease = options.lease ? (values.at(-1) ?? null) : null
  const text = values[0] ?? null
  if (text === null) return { kind: 'miss', reason: 'absent', lease, versions }
  const entry = readEntry(text)
  const reason = entry ? judge(entry, spec, versions, clock.now()) : 'unreadable'
  if (!entry || reason !== 'fresh') return { kind: 'miss', reason, lease, versions }
  const decoded = await spec.decode(entry.body)
  if (decoded.issues !== null) return { kind: 'miss', reason: 'schema-rejected', lease, versions }
  return { kind: 'hit', entry, value: decoded.value }
}

/** An entry counts only while it is of this format and shape, not older than its TTL, and every tag has the version it had before the load. */
function judge(entry: Entry, spec: Spec<unknown>, versions: readonly (string | null)[], now: number): ReadReason {
  if (entry.schemaVersion !== spec.schemaVersion) return 'version-changed'
  if (entry.versions.length !== versions.length) return 'tag-changed'
  if (!entry.versions.every((version, index) => version === versions[index])) return 'tag-changed'
  return now < entry.storedAt + entry.ttlMs ? 'fresh' : 'expired'
}
