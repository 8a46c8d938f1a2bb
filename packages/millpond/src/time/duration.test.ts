import { expect, test } from 'vitest'
import { toMilliseconds } from './duration.ts'

const rule = { action: 'Cannot define "stats"', name: 'ttl', maxMs: 86_400_000 }

test.each([
  [1, 1],
  ['250ms', 250],
  ['60s', 60_000],
  ['1.5s', 1_500],
  ['1.1s', 1_100],
  ['4.35s', 4_350],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
] as const)('toMilliseconds(%j) gives %d', (value, ms) => {
  expect(toMilliseconds(value, rule)).toBe(ms)
})

test.each([
  0,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  86_400_001,
  '0s',
  '-5m',
  '5 minutes',
  '',
  'm',
  '0.5ms',
  '2d',
  null,
  undefined,
  {},
])('toMilliseconds(%j) throws', (value) => {
  expect(() => toMilliseconds(value as number, rule)).toThrow(RangeError)
})

test('toMilliseconds() names the action, the rule and the value', () => {
  expect(() => toMilliseconds('5 minutes' as '5m', rule)).toThrow(
    'Cannot define "stats": "ttl" must be a duration from 1 ms to 86400000 ms such as "5m", received "5 minutes"',
  )
})
