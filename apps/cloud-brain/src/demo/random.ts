/** Repeatable chance: the same seed gives the same numbers on every machine. */
export type Random = {
  /** Uniform, from 0 (included) to 1 (excluded). */
  next(): number
  /** Uniform whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number
  /** Uniform, rounded to `digits` decimals. */
  between(low: number, high: number, digits: number): number
}

/**
 * Creates a generator by Marsaglia's xorshift32. Not for secrets.
 *
 * @param seed a whole number
 * @param stream a whole number that makes another sequence of the same seed
 */
export function createRandom(seed: number, stream = 0): Random {
  // Zero is the one state that xorshift cannot leave.
  let state = Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul(stream | 0, 0x85ebca6b) ^ 0x5bd1e995 || 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  // The first numbers of neighbouring seeds resemble each other.
  for (let warmUp = 0; warmUp < 8; warmUp += 1) next()
  return {
    next,
    whole: (low, high) => low + Math.floor(next() * (high - low + 1)),
    between: (low, high, digits) => Number((low + next() * (high - low)).toFixed(digits)),
  }
}
