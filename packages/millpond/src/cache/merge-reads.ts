import type { StoreKey } from '../key.ts'
import { createTick } from '../tick.ts'
import type { CacheStore } from './cache-store.ts'

/** How many keys one read of the store may name. */
const KEYS_PER_READ = 512

type Values = readonly (string | null)[]

/** The reads of one tick: each key once, with its place. */
interface Gathered {
  readonly keys: StoreKey[]
  readonly places: Map<StoreKey, number>
  readonly values: Promise<Values>
  readonly ask: () => void
}

/**
 * Merges the reads of one tick into one call of `read`, or two where the store `sendsAtOnce`, of at most 512 keys, each named once: one command, one deadline and one answer of the breaker for all of them. A store
 * that cannot say when a tick ends is asked at once.
 */
export function mergeReads(
  store: Pick<CacheStore, 'atTickEnd' | 'sendsAtOnce'>,
  read: CacheStore['read'],
): CacheStore['read'] {
  const { atTickEnd, sendsAtOnce } = store
  if (!atTickEnd) return read
  let current: Gathered | undefined
  const tick = createTick({ atTickEnd, splits: sendsAtOnce }, send)

  function gather(): Gathered {
    const keys: StoreKey[] = []
    let ask = () => {}
    const values = new Promise<Values>((resolve, reject) => {
      ask = () => tick.track(read(keys).then(resolve, reject))
    })
    return { keys, places: new Map(), values, ask }
  }

  function send(): void {
    const gathered = current
    current = undefined
    gathered?.ask()
  }

  return (keys) => {
    if (current && current.keys.length + keys.length > KEYS_PER_READ) send()
    current ??= gather()
    const { values, places, keys: named } = current
    const own = keys.map((key) => {
      const known = places.get(key)
      if (known !== undefined) return known
      places.set(key, named.length)
      return named.push(key) - 1
    })
    tick.add()
    return values.then((all) => own.map((place) => all[place] ?? null))
  }
}
