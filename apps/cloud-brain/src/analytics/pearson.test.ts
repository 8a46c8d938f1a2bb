import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Pair, pearson } from './pearson.ts'

// F. J. Anscombe, "Graphs in Statistical Analysis", The American Statistician 27 (1973): r is 0.816 for every set.
const ANSCOMBE_X = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
const ANSCOMBE: Record<string, Pair[]> = {
  I: pairs(ANSCOMBE_X, [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]),
  II: pairs(ANSCOMBE_X, [9.14, 8.14, 8.74, 8.77, 9.26, 8.1, 6.13, 3.1, 9.13, 7.26, 4.74]),
  III: pairs(ANSCOMBE_X, [7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73]),
  IV: pairs([8, 8, 8, 8, 8, 8, 8, 19, 8, 8, 8], [6.58, 5.76, 7.71, 8.84, 8.47, 7.04, 5.25, 12.5, 5.56, 7.91, 6.89]),
}

function pairs(xs: readonly number[], ys: readonly number[]): Pair[] {
  return xs.map((x, index) => [x, ys[index] ?? Number.NaN])
}

describe('pearson()', () => {
  it.each(Object.entries(ANSCOMBE))("pearson() gives the published 0.816 for Anscombe's set %s", (_, set) => {
    expect(pearson(set)?.toFixed(3)).toMatch(/^0\.81[67]$/)
  })

  it('pearson() has six published decimals for set I', () => {
    expect(pearson(ANSCOMBE.I ?? [])?.toFixed(6)).toBe('0.816421')
  })

  it('pearson() is undefined where one side never varies, or there is one pair', () => {
    const level = [0.1, 0.1, 0.1]
    expect(
      [[], [[1, 2]], pairs(level, [1, 2, 3]), pairs([1, 2, 3], level)].map((set) => pearson(set as Pair[])),
    ).toEqual([undefined, undefined, undefined, undefined])
  })

  it('pearson() is at most 1, where the division gives a little more', () => {
    const twoDays = pairs([0.2, 0.3], [1.4, 2.1])
    expect([pearson(twoDays), pearson(twoDays.map(([x, y]) => [x, -y]))]).toEqual([1, -1])
  })

  it('pearson() agrees with the formula of raw sums, is symmetric, and does not change with unit or origin', () => {
    const whole = fc.integer({ min: -1000, max: 1000 })
    fc.assert(
      fc.property(fc.array(fc.tuple(whole, whole), { minLength: 2, maxLength: 60 }), (set) => {
        const score = pearson(set)
        const expected = byRawSums(set)
        if (expected === undefined) {
          // Not returned: fast-check takes what an assertion returns for the verdict.
          expect(score).toBeUndefined()
          return
        }
        expect(score).toBeCloseTo(expected, 9)
        expect(pearson(set.map(([x, y]) => [y, x]))).toBeCloseTo(expected, 9)
        expect(pearson(set.map(([x, y]) => [x * 3 + 7, y * -2]))).toBeCloseTo(-expected, 9)
      }),
    )
  })
})

/** Exact in whole numbers up to the root. */
function byRawSums(set: readonly Pair[]): number | undefined {
  const n = BigInt(set.length)
  const sum = (of: (x: bigint, y: bigint) => bigint) =>
    set.reduce((total, [x, y]) => total + of(BigInt(x), BigInt(y)), 0n)
  const [sx, sy] = [sum((x) => x), sum((_, y) => y)]
  const vx = n * sum((x) => x * x) - sx * sx
  const vy = n * sum((_, y) => y * y) - sy * sy
  if (vx === 0n || vy === 0n) return undefined
  return Number(n * sum((x, y) => x * y) - sx * sy) / Math.sqrt(Number(vx) * Number(vy))
}
