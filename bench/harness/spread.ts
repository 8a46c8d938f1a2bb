/** Median and quartiles of what was measured in the rounds of one run. */
export interface Spread {
  readonly median: number
  readonly q1: number
  readonly q3: number
  /** How many rounds. */
  readonly n: number
}

/** The value below which `share` (0 to 1) of `sorted` lies, between two neighbours by straight line; NaN of nothing. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = (sorted.length - 1) * share
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}

export function median(values: readonly number[]): number {
  return quantile(Float64Array.from(values).sort(), 0.5)
}

/** Four significant digits: more would claim what rounds on one machine cannot know. */
function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

export function toSpread(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort()
  return {
    median: rounded(quantile(sorted, 0.5)),
    q1: rounded(quantile(sorted, 0.25)),
    q3: rounded(quantile(sorted, 0.75)),
    n: sorted.length,
  }
}
