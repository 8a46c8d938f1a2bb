/**
 * The day's figure for something that adds up (steps, calories, hours): the largest that any one source saw, never
 * the sum. A device that was left at home sees too little; none sees too much.
 */
export function mostComplete(values: readonly (number | null)[]): number | null {
  const seen = values.filter((value) => value !== null)
  return seen.length === 0 ? null : Math.max(...seen)
}

/**
 * The day's figure for something that is read off (weight): the middle reading of all sources, the lower of two. It is
 * always one that a source reported, and one mistyped entry among three cannot win.
 */
export function middleReading(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null
}
