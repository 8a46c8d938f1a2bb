import { expect, test } from 'vitest'
import type { Entry } from './entry.ts'
import { judgeFreshness, toJitteredTtl, toStoreTtl } from './freshness.ts'

const entry: Entry = { schemaVersion: '1', storedAt: 1_000, ttlMs: 100, loadMs: 10, versions: [], named: '', body: '1' }
const lifetime = { ttlMs: 100, nullTtlMs: 20, staleForMs: 50, staleIfErrorMs: 200 }

test.each([
  [1_000, 0.999, 'fresh'],
  [1_099, 0.999, 'fresh'],
  [1_100, 0.5, 'stale'],
  [1_149, 0.5, 'stale'],
  [1_150, 0.5, 'spare'],
  [1_299, 0.5, 'spare'],
  [1_300, 0.5, 'expired'],
  [900, 0.5, 'fresh'],
] as const)('judgeFreshness() at %d with random %d is %s', (now, random, freshness) => {
  expect(judgeFreshness(entry, lifetime, now, () => random)).toBe(freshness)
})

test('judgeFreshness() loads ahead with the probability of XFetch', () => {
  const share = (leftMs: number, loadMs: number) => {
    const draws = Array.from({ length: 10_000 }, (_, index) => (index + 0.5) / 10_000)
    const at = { ...entry, loadMs }
    return (
      draws.filter((random) => judgeFreshness(at, lifetime, 1_100 - leftMs, () => random) === 'early').length / 10_000
    )
  }
  // P(−loadMs · ln U ≥ left) = e^(−left / loadMs)
  expect(share(10, 10)).toBeCloseTo(Math.exp(-1), 3)
  expect(share(50, 10)).toBeCloseTo(Math.exp(-5), 3)
  expect(share(50, 50)).toBeCloseTo(Math.exp(-1), 3)
  expect(share(1, 0)).toBe(0)
})

test('toJitteredTtl() takes off up to a tenth, and gives null its own TTL', () => {
  expect([0, 0.5, 1].map((random) => toJitteredTtl(lifetime, false, random))).toEqual([100, 95, 90])
  expect(toJitteredTtl(lifetime, true, 0)).toBe(20)
})

test('toStoreTtl() keeps an entry as long as it may be served in any way', () => {
  expect(toStoreTtl(lifetime, 95)).toBe(295)
})
