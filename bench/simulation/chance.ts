/** Numbers from a seed: the same run gives the same figures. */
export interface Chance {
  /** From 0 to below 1. */
  uniform(): number
  /** Time to the next of so many a second, in milliseconds: arrivals that know nothing of each other. */
  untilNext(perSecond: number): number
  /** Milliseconds with this median and a long tail (lognormal, σ 0.5). */
  around(medianMs: number): number
}

export function createChance(seed: number): Chance {
  let state = seed
  const uniform = (): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return {
    uniform,
    untilNext: (perSecond) => (-Math.log(1 - uniform()) / perSecond) * 1_000,
    around: (medianMs) => medianMs * Math.exp(0.5 * normal()),
  }
}

/** Picks from 0 to size - 1, the n-th as often as 1 / n: Zipf with exponent 1. */
export function createZipf(size: number, chance: Chance): () => number {
  const sums = new Float64Array(size)
  let sum = 0
  for (let rank = 0; rank < size; rank += 1) {
    sum += 1 / (rank + 1)
    sums[rank] = sum
  }
  return () => {
    const wanted = chance.uniform() * sum
    let [low, high] = [0, size - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? 0) < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}
