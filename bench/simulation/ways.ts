import { type Clock, createCache, type Schema } from 'millpond'
import type { Store } from 'millpond/memory'
import type { Chance } from './chance.ts'
import type { Origin } from './origin.ts'

/** How one instance reads and writes. */
export interface Way {
  read(id: number): Promise<number>
  /** Resolves with whether all are known to see the write. */
  makeVisible(id: number): Promise<boolean>
}

export interface Surroundings {
  readonly store: Store
  readonly clock: Clock
  readonly chance: Chance
  readonly origin: Origin
}

/** Standard Schema of a whole number, without a library: the simulation measures ours alone. */
const wholeNumber: Schema<number, number> = {
  '~standard': {
    version: 1,
    vendor: 'simulation',
    validate: (value) => (typeof value === 'number' ? { value } : { issues: [{ message: 'must be a number' }] }),
  },
}

export function withMillpond({ store, clock, chance, origin }: Surroundings, local: '2s' | undefined): Way {
  const cache = createCache({ store, namespace: 'sim', clock, random: () => chance.uniform() })
  const item = cache.define({
    name: 'item',
    ttl: '5m',
    staleFor: '30s',
    ...(local === undefined ? {} : { local }),
    input: wholeNumber,
    tags: (id: number) => [`item:${id}`],
    load: (id: number) => origin.load(id),
  })
  return {
    read: async (id) => (await item.get(id)).value,
    makeVisible: async (id) => (await cache.invalidate([`item:${id}`])).delivered,
  }
}

const timeoutMs = 150

/** GET, SET with a TTL, DEL. */
export interface PlainStore {
  get(id: number): Promise<number | undefined>
  set(id: number, version: number, ttlMs: number): Promise<void>
  remove(id: number): Promise<boolean>
}

export function createPlainStore(clock: Clock): PlainStore {
  const entries = new Map<number, { version: number; until: number }>()
  return {
    async get(id) {
      const entry = entries.get(id)
      return entry !== undefined && entry.until > clock.now() ? entry.version : undefined
    },
    async set(id, version, ttlMs) {
      entries.set(id, { version, until: clock.now() + ttlMs })
    },
    async remove(id) {
      entries.delete(id)
      return true
    },
  }
}

/**
 * What most write by hand: get, load, set with a TTL; delete after a write. Its calls are given up after 150 ms too, so that the comparison is
 * with a careful one.
 */
export function byHand({ clock, origin }: Surroundings, plain: PlainStore): Way {
  const within = <Value>(call: Promise<Value>): Promise<Value | undefined> =>
    Promise.race([call, new Promise<undefined>((resolve) => clock.after(timeoutMs, () => resolve(undefined)))])
  return {
    async read(id) {
      const found = await within(plain.get(id))
      if (found !== undefined) return found
      const version = await origin.load(id)
      void within(plain.set(id, version, 300_000))
      return version
    },
    makeVisible: async (id) => (await within(plain.remove(id))) ?? false,
  }
}
