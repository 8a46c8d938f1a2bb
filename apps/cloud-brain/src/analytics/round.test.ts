import { expect, it } from 'vitest'
import { middleReading } from './best-source.ts'
import { round } from './round.ts'

it.each([
  [1.005, 2, 1.01],
  [-1.005, 2, -1.01],
  [2.5, 0, 3],
  [-2.5, 0, -3],
  [-0.004, 2, 0],
])('round() of %d to %d decimals is %d', (value, digits, expected) => {
  expect(round(value, digits)).toBe(expected)
})

it('middleReading() is the middle of the readings, the lower of two', () => {
  expect([[], [80], [81, 80], [82, 8, 81], [1, 4, 3, 2]].map(middleReading)).toEqual([null, 80, 80, 81, 2])
})
