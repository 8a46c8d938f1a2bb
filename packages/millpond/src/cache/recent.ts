/** What was made lately, by what it was made from. Holds the last `max` to twice as many; the rest is forgotten and made again. */
export interface Recent<Key, Value> {
  get(key: Key): Value | undefined
  set(key: Key, value: Value): void
}

/** Creates an empty memory in two generations: what is used while the older one is left moves to the newer. */
export function createRecent<Key, Value>(max: number): Recent<Key, Value> {
  let newer = new Map<Key, Value>()
  let older = new Map<Key, Value>()

  function set(key: Key, value: Value): void {
    if (newer.size >= max) {
      older = newer
      newer = new Map()
    }
    newer.set(key, value)
  }

  return {
    get(key) {
      const found = newer.get(key)
      if (found !== undefined) return found
      const old = older.get(key)
      if (old !== undefined) set(key, old)
      return old
    },
    set,
  }
}
