import { createNonce, type StoreKey } from '../key.ts'
import { type Clock, instantOf } from '../time/clock.ts'
import type { CacheStore } from './cache-store.ts'
import type { Delivery } from './invalidate.ts'
import type { Slot } from './slot.ts'

const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 1_000
const KEYS_PER_TRY = 500
/** How long a try may take. */
const TRY_MS = 5_000

/** Invalidations, deletions and leases to give back that the store has not acknowledged. Until it has, this process answers what the first two concern without the cache. */
export interface Undelivered {
  addTags(tags: readonly StoreKey[]): void
  addSlot(slot: Slot): void
  /** A lease that the store may still hold for a token, and the entry that is answered without the cache meanwhile, if any. Given back by its token: by now another may hold it. */
  addLease(lease: StoreKey, token: string, entry?: StoreKey): void
  /** Whether a read of the slot must not be answered from the store. */
  covers(slot: Slot): boolean
  /** The store answers again: tries within 100 ms. */
  hurry(): void
  size(): number
  /** Tries at once, in turn until one fails, and never again. Delivered: nothing is left. */
  close(): Promise<Delivery>
}

/** A try that is to come or under way. */
interface Plan {
  /** When it must have gone with the request that planned it, as on some platforms it does. */
  readonly goneAt: number
  isTrying: boolean
  cancel(): void
}

type Waiting =
  | { readonly kind: 'tag' | 'key'; readonly giveUpAt: number }
  | { readonly kind: 'lease'; readonly lease: StoreKey; readonly token: string; readonly giveUpAt: number }

/**
 * Creates the queue. It retries with back-off from 100 ms to 1 s until the store acknowledges, or until `lifeMs` has passed: as long as a process anywhere may have let an entry live, which this
 * one need not know of. A lease that is not given back has ended by itself within `tagTtlMs()`.
 */
export function createUndelivered(options: {
  readonly store: CacheStore
  readonly clock: Clock
  readonly lifeMs: number
  readonly tagTtlMs: () => number
  /** Keeps the platform from stopping a try when the request that began it ends. */
  readonly keepAlive: (work: Promise<unknown>) => void
}): Undelivered {
  const { store, clock, lifeMs, tagTtlMs, keepAlive } = options
  /** By the tag or key; a lease by the entry that it covers, else by its token. */
  const waiting = new Map<string, Waiting>()
  let plan: Plan | undefined
  let closed = false
  let pauseMs = FIRST_RETRY_MS

  function add(kind: 'tag' | 'key', keys: readonly StoreKey[]): void {
    const giveUpAt = instantOf(clock) + lifeMs
    for (const key of keys) waiting.set(key, { kind, giveUpAt })
    schedule()
  }

  /** Plans a try, for a request that can keep the platform from stopping it; those that follow by themselves are not worth a process. */
  function schedule(): void {
    const planned = waiting.size > 0 && tryLater()
    if (planned) keepAlive(planned)
  }

  /** Resolves when the try has ended; undefined when there is one already. */
  function tryLater(): Promise<void> | undefined {
    if (closed || (plan && instantOf(clock) < plan.goneAt)) return undefined
    return new Promise((resolve) => {
      const run = () => {
        mine.isTrying = true
        void retry().finally(() => {
          if (plan === mine) plan = undefined
          if (waiting.size > 0) void tryLater()
          resolve()
        })
      }
      const cancel = clock.after(pauseMs, run, { background: true })
      const mine: Plan = {
        goneAt: instantOf(clock) + pauseMs + TRY_MS,
        isTrying: false,
        cancel() {
          cancel()
          resolve()
        },
      }
      plan = mine
      pauseMs = Math.min(pauseMs * 2, LONGEST_RETRY_MS)
    })
  }

  /** Whether the store has acknowledged. */
  async function retry(): Promise<boolean> {
    const now = instantOf(clock)
    for (const [key, { giveUpAt }] of waiting) if (giveUpAt <= now) waiting.delete(key)
    const batch = [...waiting].slice(0, KEYS_PER_TRY)
    const keysOf = (kind: 'tag' | 'key') =>
      batch.filter(([, item]) => item.kind === kind).map(([key]) => key as StoreKey)
    const tags = keysOf('tag')
    const keys = keysOf('key')
    try {
      if (tags.length > 0) await store.renew(tags, createNonce(), tagTtlMs())
      if (keys.length > 0) await store.remove(keys)
      await Promise.all(batch.map(([, item]) => item.kind === 'lease' && store.release(item.lease, item.token)))
    } catch {
      return false
    }
    // One that was added again during the try began after it, and must be delivered once more.
    for (const [key, item] of batch) if (waiting.get(key) === item) waiting.delete(key)
    pauseMs = FIRST_RETRY_MS
    return true
  }

  return {
    addTags: (tags) => add('tag', tags),
    addSlot: (slot) => add('key', [slot.entry, slot.lease]),
    addLease(lease, token, entry) {
      const id = entry ?? token
      // A deletion removes the lease too.
      if (waiting.get(id)?.kind === 'key') return
      waiting.set(id, { kind: 'lease', lease, token, giveUpAt: instantOf(clock) + tagTtlMs() })
      schedule()
    },
    covers(slot) {
      if (waiting.size === 0) return false
      schedule()
      return waiting.has(slot.entry) || slot.tags.some((tag) => waiting.has(tag))
    },
    hurry() {
      pauseMs = FIRST_RETRY_MS
      if (plan?.isTrying) return
      plan?.cancel()
      plan = undefined
      schedule()
    },
    // Not a getter: one in a literal gives each object a shape of its own, for good half of what a cache costs to create.
    size: () => waiting.size,
    async close() {
      closed = true
      plan?.cancel()
      let answers = true
      while (answers && waiting.size > 0) answers = await retry()
      return { delivered: waiting.size === 0 }
    },
  }
}
