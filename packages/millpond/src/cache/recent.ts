/** What was made lately, by the text that it was made from. Holds the last `max` to twice as many; the rest is forgotten and made again. */
export interface Recent<Value> {
  get(text: string): Value | undefined
  set(text: string, value: Value): void
}

/** Creates an empty memory in two generations: what is used while the older one is left moves to the newer. */
export function createRecent<Value>(max: number): Recent<Value> {
  let newer = new Map<string, Value>()
  let older = new Map<string, Value>()

  function set(text: string, value: Value): void {
    if (newer.size >= max) {
      older = newer
      newer = new Map()
    }
    newer.set(text, value)
  }

  return {
    get(text) {
      const found = newer.get(text)
      if (found !== undefined) return found
      const old = older.get(text)
      if (old !== undefined) set(text, old)
      return old
    },
    set,
  }
}
