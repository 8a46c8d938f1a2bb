import { type Awaitable, whenReady } from '../awaitable.ts'
import type { StoreKey } from '../key.ts'
import type { CacheStore } from './cache-store.ts'
import { hasVersions, readEntry, type StoredEntry } from './entry.ts'
import type { ReadReason } from './event.ts'
import { judgeFreshness } from './freshness.ts'
import type { Spec } from './spec.ts'
import type { Seal } from './unsealed.ts'
import { checkNamed, toMadeAgainst } from './value-tags.ts'

/** An entry that counts, with its decoded value. */
export interface Found<Value> {
  readonly entry: StoredEntry
  readonly value: Value
  /** The tags that the value names. */
  readonly named: readonly StoreKey[]
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
  const { slot, valueTags } = spec
  const hinted = valueTags ? valueTags.hinted() : NONE
  const keys = [slot.entry, ...slot.tags]
  if (valueTags) keys.push(valueTags.epoch, ...hinted)
  if (options.lease) keys.push(slot.lease)
  return settings.store.read(keys).then(
    (values) => judge(settings, spec, values, hinted),
    (error: unknown) => ({ kind: 'failed', error }),
  )
}

/** What the values of entry, tags and, where it was read, lease mean. A promise only where unsealing or decoding gives one. */
function judge<Value>(
  { store, clock, random, seal }: LookSettings,
  spec: Spec<Value>,
  values: readonly (string | null)[],
  hinted: readonly StoreKey[],
): Awaitable<Look<Value>> {
  const { slot, valueTags } = spec
  const [text = null] = values
  const fixed = 1 + slot.tags.length + (valueTags ? 1 : 0)
  const versions = values.slice(1, fixed)
  const entry = text === null ? undefined : readEntry(text)
  const miss = (reason: ReadReason, spare?: Found<Value>): Look<Value> => {
    const lease = values[fixed + hinted.length] ?? null
    return { kind: 'miss', reason, lease, versions, spare, seen: text === null ? '' : entry?.head }
  }
  if (text === null) return miss('absent')
  if (!entry) return miss('unreadable')
  // An entry counts only while it is of this shape and every tag has the version it had before the load, whatever its age.
  if (entry.schemaVersion !== spec.schemaVersion) return miss('version-changed')
  const open = (named: readonly StoreKey[]): Awaitable<Look<Value>> => {
    const freshness = judgeFreshness(entry, spec.lifetime, clock.now(), random)
    if (freshness === 'expired') return miss('expired')
    // What throws for a text that lies in the store must not do so at each read until it expires.
    return attempt(
      () => seal.open(entry.body, slot.entry),
      (body) => {
        if (body === undefined) return miss('unreadable')
        return attempt(
          () => spec.decode(body),
          (decoded) => {
            if (!decoded || decoded.issues !== null) return miss('schema-rejected')
            const found = { entry: body === entry.body ? entry : { ...entry, body }, value: decoded.value, named }
            return freshness === 'spare' ? miss('expired', found) : { kind: 'found', freshness, ...found }
          },
        )
      },
    )
  }
  if (!valueTags) return hasVersions(entry.versions, versions) ? open(NONE) : miss('tag-changed')
  const [made, carried] = toMadeAgainst(entry.versions)
  if (carried === '' || !hasVersions(made, versions.slice(0, -1))) return miss('tag-changed')
  const current = new Map(hinted.map((tag, index) => [tag, values[fixed + index] ?? null]))
  return whenReady(checkNamed(store, valueTags, carried, current), (checked) => {
    if ('named' in checked) return open(checked.named)
    return 'reason' in checked ? miss(checked.reason) : { kind: 'failed', error: checked.error }
  })
}

/** Calls `next` with what `run` gives, at once where that is no promise; with undefined when it throws. */
function attempt<T, Result>(
  run: () => Awaitable<T>,
  next: (value: T | undefined) => Awaitable<Result>,
): Awaitable<Result> {
  let value: Awaitable<T | undefined>
  try {
    value = run()
    if (value instanceof Promise) value = value.catch(() => undefined)
  } catch {
    // Undefined, as said.
  }
  return whenReady(value, next)
}

const NONE: readonly StoreKey[] = []
