/** Remembers texts by a 64-bit fingerprint in memory that does not grow: at least the last `capacity` of them, at 16 to 32 bytes each. */
export type RecentSet = {
  /** Whether the text was added before, as far as is remembered; adds it. */
  has(text: string): boolean
}

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193
const OTHER_PRIME = 0x85ebca6b

/** Creates the set. Two generations: when the newer one is full the older one is forgotten. */
export function createRecentSet(capacity: number): RecentSet {
  let [newer, older] = [createTable(capacity), createTable(1)]
  return {
    has(text) {
      const [high, low] = fingerprintOf(text)
      if (newer.size >= capacity) [newer, older] = [createTable(capacity), newer]
      return older.holds(high, low) || !newer.add(high, low)
    },
  }
}

/** Open addressing with twice as many places as entries. */
function createTable(capacity: number) {
  const places = 2 ** Math.ceil(Math.log2(capacity * 2))
  const slots = new Uint32Array(places * 2)
  let size = 0
  const find = (high: number, low: number): number => {
    let place = (low & (places - 1)) * 2
    while ((slots[place] !== 0 || slots[place + 1] !== 0) && (slots[place] !== high || slots[place + 1] !== low)) {
      place = (place + 2) % slots.length
    }
    return place
  }
  const holds = (high: number, low: number) => slots[find(high, low)] === high
  return {
    get size() {
      return size
    },
    holds,
    /** Whether it was not there. */
    add(high: number, low: number): boolean {
      const place = find(high, low)
      if (slots[place] === high) return false
      slots[place] = high
      slots[place + 1] = low
      size += 1
      return true
    },
  }
}

/** Two FNV-1a hashes with different primes. The first is never 0, which marks an empty place. */
function fingerprintOf(text: string): [high: number, low: number] {
  let high = FNV_OFFSET
  let low = ~FNV_OFFSET
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    high = Math.imul(high ^ code, FNV_PRIME)
    low = Math.imul(low ^ code, OTHER_PRIME)
    low ^= low >>> 15
  }
  return [high >>> 0 || 1, low >>> 0]
}
