/** A pair of measurements. */
export type Pair = readonly [x: number, y: number]

/**
 * Pearson's product-moment correlation coefficient, from -1 to 1, by deviations from the means.
 *
 * @returns undefined where it does not exist: fewer than two pairs, or one side never varies
 */
export function pearson(pairs: readonly Pair[]): number | undefined {
  if (pairs.length < 2) return undefined
  const [first] = pairs
  // A side that never varies must give exactly zero; a mean that is off by a rounding would not.
  if (pairs.every(([x]) => x === first?.[0]) || pairs.every(([, y]) => y === first?.[1])) return undefined
  const meanX = pairs.reduce((sum, [x]) => sum + x, 0) / pairs.length
  const meanY = pairs.reduce((sum, [, y]) => sum + y, 0) / pairs.length
  let products = 0
  let squaresX = 0
  let squaresY = 0
  for (const [x, y] of pairs) {
    products += (x - meanX) * (y - meanY)
    squaresX += (x - meanX) ** 2
    squaresY += (y - meanY) ** 2
  }
  const score = products / Math.sqrt(squaresX * squaresY)
  return Number.isFinite(score) ? Math.min(1, Math.max(-1, score)) : undefined
}
