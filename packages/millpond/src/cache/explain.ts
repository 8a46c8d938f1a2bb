import type { Clock } from '../time/clock.ts'
import type { CacheStore } from './cache-store.ts'
import { hasVersions, readEntry } from './entry.ts'
import { type Freshness, judgeFreshness } from './freshness.ts'
import type { Spec } from './spec.ts'
import { toMadeAgainst } from './value-tags.ts'

/** Everything that decides how a read would be answered now. Shows tags by name: for developers, not for logs. */
export interface Explanation {
  readonly entryKey: string
  readonly leaseKey: string
  readonly entry:
    | { readonly state: 'absent' | 'unreadable' }
    | {
        readonly state: Freshness
        readonly ageMs: number
        readonly ttlMs: number
        readonly loadMs: number
        readonly bytes: number
        readonly versionMatches: boolean
      }
  /** One for each tag, those that only the value names after the others and by their key alone: whether it still has the version that it had before the entry was loaded. */
  readonly tags: readonly {
    readonly tag: string
    readonly key: string
    readonly state: 'same' | 'changed' | 'absent'
  }[]
  /** Whether somebody is loading the entry. */
  readonly leased: boolean
  /** How a read would be answered. */
  readonly verdict: 'hit' | 'stale' | 'miss' | 'bypass'
}

/** Explains a slot. 1 round trip, 2 where the value names tags. Rejects when the store does not answer. */
export async function explain(
  settings: { readonly store: CacheStore; readonly clock: Clock },
  spec: Spec<unknown>,
  tagNames: readonly string[],
  bypassed: boolean,
): Promise<Explanation> {
  const { slot, lifetime } = spec
  const [text = null, lease = null, ...versions] = await settings.store.read([slot.entry, slot.lease, ...slot.tags])
  const entry = text === null ? undefined : readEntry(text)
  const state = entry
    ? judgeFreshness(entry, lifetime, settings.clock.now(), () => 1)
    : text === null
      ? 'absent'
      : 'unreadable'
  const [made, carried] = toMadeAgainst(entry?.versions ?? '')
  const named = spec.valueTags?.read(carried)
  if (named && named.tags.length > 0) versions.push(...(await settings.store.read(named.tags)))
  const madeAgainst = [...made.split(',').slice(0, slot.tags.length), ...(named?.versions ?? [])]
  const tags = [...slot.tags, ...(named?.tags ?? [])].map((key, index) => {
    const [now = null, then = null] = [versions[index], madeAgainst[index]]
    return {
      tag: tagNames[index] ?? key,
      key,
      state: now === null ? 'absent' : now === then ? 'same' : 'changed',
    } as const
  })
  const versionMatches = entry?.schemaVersion === spec.schemaVersion
  const counts =
    versionMatches &&
    hasVersions(made, versions.slice(0, slot.tags.length)) &&
    (spec.valueTags ? named !== undefined : carried === '') &&
    tags.every((tag) => tag.state === 'same')
  return {
    entryKey: slot.entry,
    leaseKey: slot.lease,
    entry:
      entry === undefined || state === 'absent' || state === 'unreadable'
        ? { state: text === null ? 'absent' : 'unreadable' }
        : {
            state,
            ageMs: settings.clock.now() - entry.storedAt,
            ttlMs: entry.ttlMs,
            loadMs: entry.loadMs,
            bytes: entry.head.length + entry.body.length,
            versionMatches,
          },
    tags,
    leased: lease !== null,
    verdict: bypassed ? 'bypass' : counts ? toVerdict(state) : 'miss',
  }
}

function toVerdict(state: Freshness | 'absent' | 'unreadable'): Explanation['verdict'] {
  if (state === 'fresh' || state === 'early') return 'hit'
  return state === 'stale' ? 'stale' : 'miss'
}
