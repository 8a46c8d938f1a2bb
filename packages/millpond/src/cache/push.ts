import type { StoreKey } from '../key.ts'
import type { Clock } from '../time/clock.ts'
import type { CacheReporter } from './event.ts'
import type { LocalTier } from './local-tier.ts'

/** Tells the local tier what changes in the store, so that it is less behind than it may be. Passed to `createCache`; `millpond/tracking` has one. */
export interface Push {
  /** Begins to listen. The cache uses the local tier that it gives back until it stops. Never throws for the store's sake. */
  attach(local: LocalTier, context: PushContext): { readonly local: LocalTier; stop(): void }
}

/** What a push needs of its cache. */
export interface PushContext {
  /** How the keys of entries and tags begin. */
  readonly prefixes: readonly string[]
  /** Marks this moment in the order of the process. */
  readonly mark: () => number
  readonly clock: Clock
  readonly report: CacheReporter
}

/** How many changes are remembered for values that are on their way. */
const REMEMBERED = 10_000

/**
 * The local tier from which what changes in the store is taken at once, and what was observed before the change is not kept after it. `changed` is told the keys; undefined when it could be any.
 * Only these keys are concerned: changes are so frequent that nothing would ever be kept if each held up everything.
 */
export function withChanges(
  local: LocalTier,
  mark: () => number,
): { readonly local: LocalTier; changed(keys: readonly StoreKey[] | undefined): void } {
  const changes = new Map<StoreKey, number>()
  let floor = 0

  function forgetOldest(): void {
    const [oldest] = changes
    if (!oldest) return
    changes.delete(oldest[0])
    floor = Math.max(floor, oldest[1])
  }

  return {
    local: {
      ...local,
      put(slot, value, observed, keepMs) {
        const isOld = (key: StoreKey) => (changes.get(key) ?? floor) >= observed.order
        if (isOld(slot.entry) || slot.tags.some(isOld)) return
        local.put(slot, value, observed, keepMs)
      },
    },
    changed(keys) {
      const order = mark()
      if (!keys) {
        floor = order
        changes.clear()
        local.clear()
        return
      }
      for (const key of keys) {
        changes.delete(key)
        changes.set(key, order)
        if (changes.size > REMEMBERED) forgetOldest()
      }
      local.dropKeys(keys)
    },
  }
}
