import type { StoreKey } from '../key.ts'
import type { CacheStore } from './cache-store.ts'

/** How many keys one read of the store may name. */
const KEYS_PER_READ = 512

type Values = readonly (string | null)[]

/** The reads of one tick: each key once, with its place. */
interface Gathered {
  readonly keys: StoreKey[]
  readonly places: Map<StoreKey, number>
  readonly values: Promise<Values>
}

/**
 * Merges the reads of one tick into one call of `read`, of at most 512 keys, each named once: one command, one deadline and one answer of the breaker for all of them. A store
 * that cannot say when a tick ends is asked at once.
 */
export function mergeReads(store: Pick<CacheStore, 'atTickEnd'>, read: CacheStore['read']): CacheStore['read'] {
  const { atTickEnd } = store
  if (!atTickEnd) return read
  let current: Gathered | undefined

  function gather(): Gathered {
    const keys: StoreKey[] = []
    const values = new Promise<Values>((resolve, reject) => {
      atTickEnd?.(() => {
        if (current?.keys === keys) current = undefined
        read(keys).then(resolve, reject)
      })
    })
    return { keys, places: new Map(), values }
  }

  return (keys) => {
    if (current && current.keys.length + keys.length > KEYS_PER_READ) current = undefined
    current ??= gather()
    const { values, places, keys: named } = current
    const own = keys.map((key) => {
      const known = places.get(key)
      if (known !== undefined) return known
      places.set(key, named.length)
      return named.push(key) - 1
    })
    return values.then((all) => own.map((place) => all[place] ?? null))
  }
}
