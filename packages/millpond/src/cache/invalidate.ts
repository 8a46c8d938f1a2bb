import { createNonce, type StoreKey } from '../key.ts'
import type { CacheStore } from './cache-store.ts'
import type { CacheReporter } from './event.ts'
import type { LocalTier } from './local-tier.ts'
import type { Slot } from './slot.ts'
import type { Undelivered } from './undelivered.ts'

/** Whether the store has acknowledged; if not, it is being retried. */
export interface Delivery {
  readonly delivered: boolean
}

/** Makes entries count no longer. Neither rejects for the store's sake. */
export interface Invalidator {
  /** Gives the tags new versions. 1 round trip. */
  tags(tags: readonly StoreKey[]): Promise<Delivery>
  /** Removes an entry and its lease. 1 round trip. */
  slot(slot: Slot): Promise<Delivery>
}

/** Creates the write side of a cache. */
export function createInvalidator(settings: {
  readonly store: CacheStore
  readonly local: LocalTier
  readonly undelivered: Undelivered
  readonly report: CacheReporter
  /** Marks this moment in the order of the process. */
  readonly mark: () => number
  readonly tagTtlMs: () => number
  readonly disabled: boolean
}): Invalidator {
  const { store, local, undelivered, report, mark, tagTtlMs, disabled } = settings

  async function deliver(
    tags: number,
    steps: { forget: () => void; send: () => Promise<void>; retry: () => void },
  ): Promise<Delivery> {
    if (disabled) return { delivered: true }
    // Before, so that this process serves the old value no longer; and after, so that what it observed meanwhile is not kept either.
    steps.forget()
    const delivered = await steps.send().then(
      () => true,
      (error: unknown) => {
        report({ type: 'store-error', operation: 'invalidate', error })
        steps.retry()
        return false
      },
    )
    steps.forget()
    report({ type: 'invalidate', tags, delivered })
    return { delivered }
  }

  return {
    tags: (tags) =>
      deliver(tags.length, {
        forget: () => local.dropTags(tags, mark()),
        send: () => store.renew(tags, createNonce(), tagTtlMs()),
        retry: () => undelivered.addTags(tags),
      }),
    slot: (slot) =>
      deliver(0, {
        forget: () => local.dropEntry(slot.entry, mark()),
        send: () => store.remove([slot.entry, slot.lease]),
        retry: () => undelivered.addSlot(slot),
      }),
  }
}
