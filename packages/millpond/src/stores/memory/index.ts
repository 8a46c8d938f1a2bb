import { EVERY_ALGORITHM } from '../../limit/every-algorithm.ts'
import { createMemoryLimits } from '../../limit/memory-limits.ts'
import { type Clock, systemClock } from '../../time/clock.ts'
import type { Store } from '../store.ts'
import { createMemoryCache } from './memory-cache.ts'

export interface MemoryOptions {
  /** What the cache may hold, estimated; default 64 MiB. */
  readonly maxBytes?: number
  /** For how many identities limits are counted at once; default 100,000. */
  readonly maxKeys?: number
  readonly clock?: Clock
}

/**
 * A store in this process's memory: for tests, for one process, for development. Bounded; gone when the process ends.
 *
 * ```ts
 * import { memory } from 'millpond/memory'
 *
 * const store = memory({ maxBytes: 16 * 2 ** 20, maxKeys: 10_000 })
 * console.log(store.kind) // memory
 * ```
 *
 * @throws {RangeError} when a bound is not a whole number from 1
 */
export function memory(options: MemoryOptions = {}): Store {
  const { maxBytes = 64 * 2 ** 20, maxKeys = 100_000, clock = systemClock } = options
  for (const [name, value] of Object.entries({ maxBytes, maxKeys })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`Cannot create a memory store: "${name}" must be an integer >= 1, received ${String(value)}`)
    }
  }
  return {
    kind: 'memory',
    ...createMemoryCache({ clock, maxBytes }),
    ...createMemoryLimits({ clock, maxKeys, algorithms: EVERY_ALGORITHM }),
    async ping() {},
    async close() {},
  }
}

export type { Store } from '../store.ts'
