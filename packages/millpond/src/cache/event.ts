/** How a read was answered. `stale`: with a value past its TTL, as the definition allows; `bypass`: by the loader, without the store. */
export type ReadStatus = 'hit' | 'stale' | 'miss' | 'bypass'

/** Why a read was answered so: `fresh` for a hit in the store, `local` for one in this process; what a stale answer was served for; else why there was no hit. */
export type ReadReason =
  | 'fresh'
  | 'local'
  | 'revalidating'
  | 'load-failed'
  | 'load-slow'
  | 'absent'
  | 'expired'
  | 'unreadable'
  | 'version-changed'
  | 'tag-changed'
  | 'schema-rejected'
  | 'store-failed'
  | 'invalidation-pending'
  | 'disabled'

/** What happened in a cache. Carries definitions' names and numbers, never keys, inputs or values; an `error` is as it was thrown, and may say anything. */
export type CacheEvent =
  | {
      readonly type: 'read'
      readonly name: string
      readonly status: ReadStatus
      readonly reason: ReadReason
      readonly joined: boolean
    }
  | {
      readonly type: 'load'
      readonly name: string
      readonly ms: number
      readonly ok: boolean
      /** Of a load that failed; also where no reader gets it, because `staleIfError` gave the old value. */
      readonly error?: unknown
    }
  | { readonly type: 'fill'; readonly name: string; readonly stored: boolean; readonly bytes: number }
  | { readonly type: 'wait'; readonly name: string; readonly ms: number }
  | { readonly type: 'refresh'; readonly name: string; readonly ok: boolean; readonly error?: unknown }
  | { readonly type: 'invalidate'; readonly tags: number; readonly delivered: boolean }
  | { readonly type: 'store-error'; readonly operation: string; readonly error: unknown }
  /** What was passed in threw or rejected: the seal while it closed a value, or `waitUntil`. */
  | { readonly type: 'hook-error'; readonly operation: 'seal' | 'waitUntil'; readonly error: unknown }

/** Receives every event, synchronously; must not throw. */
export type CacheReporter = (event: CacheEvent) => void

/** Totals since the cache was created. */
export interface CacheCounters {
  hits: number
  /** Of the hits, those from the memory of this process. */
  localHits: number
  stale: number
  misses: number
  bypasses: number
  /** Reads answered by a load or wait that another read of this process had begun. */
  joined: number
  loads: number
  /** Of the loads, those that failed. */
  loadErrors: number
  fills: number
  fillsRefused: number
  /** Characters of the entries that were stored; bytes where all are ASCII. */
  charactersStored: number
  waits: number
  /** Loads in the background, ahead of or after expiry; those that failed left the entry as it was. */
  refreshes: number
  refreshErrors: number
  invalidations: number
  invalidationsUndelivered: number
  /** Calls that the store was asked for: a read of any number of keys, a script, an invalidation of any number of tags. On a cluster a read is one for each slot. */
  storeCalls: number
  storeErrors: number
  /** How often the seal could not close a value, or `waitUntil` threw. What it cannot open is a miss, `unreadable`. */
  hookErrors: number
}

/** Counts events and passes them on. */
export function createCounter(next: CacheReporter | undefined): {
  readonly counters: CacheCounters
  readonly report: CacheReporter
  /** Reports a local hit: as `report` does, without an event that nobody receives. */
  readonly reportLocal: (name: string) => void
  /** The first error of the store since whoever reads this took it away. */
  readonly first: { error?: unknown }
} {
  const counters: CacheCounters = {
    hits: 0,
    localHits: 0,
    stale: 0,
    misses: 0,
    bypasses: 0,
    joined: 0,
    loads: 0,
    loadErrors: 0,
    fills: 0,
    fillsRefused: 0,
    charactersStored: 0,
    waits: 0,
    refreshes: 0,
    refreshErrors: 0,
    invalidations: 0,
    invalidationsUndelivered: 0,
    storeCalls: 0,
    storeErrors: 0,
    hookErrors: 0,
  }
  const first: { error?: unknown } = {}
  return {
    counters,
    first,
    report(event) {
      count(counters, event)
      if (event.type === 'store-error') first.error ??= event.error
      next?.(event)
    },
    reportLocal(name) {
      counters.hits += 1
      counters.localHits += 1
      next?.({ type: 'read', name, status: 'hit', reason: 'local', joined: false })
    },
  }
}

const READS = { hit: 'hits', stale: 'stale', miss: 'misses', bypass: 'bypasses' } as const satisfies Record<
  ReadStatus,
  keyof CacheCounters
>

function count(counters: CacheCounters, event: CacheEvent): void {
  switch (event.type) {
    case 'read':
      counters[READS[event.status]] += 1
      if (event.joined) counters.joined += 1
      return
    case 'load':
      counters.loads += 1
      if (!event.ok) counters.loadErrors += 1
      return
    case 'fill':
      counters[event.stored ? 'fills' : 'fillsRefused'] += 1
      if (event.stored) counters.charactersStored += event.bytes
      return
    case 'wait':
      counters.waits += 1
      return
    case 'refresh':
      counters.refreshes += 1
      if (!event.ok) counters.refreshErrors += 1
      return
    case 'invalidate':
      counters[event.delivered ? 'invalidations' : 'invalidationsUndelivered'] += 1
      return
    case 'store-error':
      counters.storeErrors += 1
      return
    case 'hook-error':
      counters.hookErrors += 1
      return
    default:
      event satisfies never
  }
}
