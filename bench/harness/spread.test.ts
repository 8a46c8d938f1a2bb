import { expect, test } from 'vitest'
import { median, quantile, toSpread } from './spread.ts'

test('quantile() lies on the straight line between two neighbours', () => {
  expect([0, 0.25, 0.5, 1].map((share) => quantile([10, 20, 30, 40], share))).toEqual([10, 17.5, 25, 40])
  expect(quantile([], 0.5)).toBeNaN()
})

test('median() does not depend on the order', () => {
  expect(median([3, 1, 2])).toBe(2)
})

test('toSpread() gives median and quartiles with four digits', () => {
  expect(toSpread([123_456.7, 100_000, 200_000])).toEqual({ median: 123_500, q1: 111_700, q3: 161_700, n: 3 })
})
