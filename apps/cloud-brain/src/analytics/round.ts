/** Rounds to `digits` decimals, halves away from zero; never gives -0. */
export function round(value: number, digits: number): number {
  const factor = 10 ** digits
  const scaled = Math.abs(value) * factor
  // 1.005 is stored a little below itself; the correction is far smaller than any digit that is shown.
  const rounded = Math.round(scaled + scaled * Number.EPSILON) / factor
  return value < 0 && rounded !== 0 ? -rounded : rounded
}

/** The arithmetic mean; NaN for none. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
