import { expect, test } from 'vitest'
import { createCache } from '../../cache/cache.ts'
import { createLimiter } from '../../limit/limiter.ts'
import { slidingWindow } from '../../limit/policy.ts'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { memory } from './index.ts'

test('memory() counts for at most `maxKeys` identities: the one counted least lately is forgotten', async () => {
  const clock = createFakeClock()
  const limiter = createLimiter({
    store: memory({ clock, maxKeys: 3 }),
    clock,
    policies: { reads: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'closed' }) },
  })
  const left = async (key: string) => {
    const decision = await limiter.peek({ policy: 'reads', key })
    return 'nearest' in decision ? decision.nearest.remaining : undefined
  }
  for (const key of ['a', 'b', 'c', 'b', 'a', 'd']) await limiter.limit('reads', key)
  expect(await Promise.all(['a', 'b', 'c', 'd'].map(left))).toEqual([0, 0, 2, 1])
})

test('memory() says so when an entry is above its bound: a read has no TTL then, and a plain value is not stored', async () => {
  const cache = createCache({ store: memory({ maxBytes: 10_000 }), namespace: 'test' })
  const large = cache.define({ name: 'large', ttl: '5m', load: () => 'x'.repeat(10_000) })
  for (const _ of [1, 2]) expect(await large.get()).toMatchObject({ status: 'miss', reason: 'absent', ttlMs: 0 })
  expect(cache.counters()).toMatchObject({ fills: 0, fillsRefused: 2 })
  const key = cache.key('large')
  await cache.set(key, 'small', { ttl: '5m' })
  expect(await cache.set(key, 'x'.repeat(10_000), { ttl: '5m' })).toEqual({ stored: false })
  expect(await cache.get(key)).toEqual({ status: 'miss', reason: 'absent' })
})

test.each([
  [{ maxKeys: 0 }, 'maxKeys'],
  [{ maxBytes: 1.5 }, 'maxBytes'],
  [{ maxKeys: Number.NaN }, 'maxKeys'],
])('memory(%o) throws for a bound that is no whole number from 1', (options, name) => {
  expect(() => memory(options)).toThrow(RangeError)
  expect(() => memory(options)).toThrow(`"${name}"`)
})
