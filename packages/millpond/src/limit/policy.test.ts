import { expect, test } from 'vitest'
import { StoreUnavailableError } from '../errors.ts'
import { memory, type Store } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { blocksOf } from './lease.ts'
import { createLimiter } from './limiter.ts'
import { concurrency, fixedWindow, slidingWindow, tokenBucket } from './policy.ts'

function setUp(changed: Partial<Store> = {}) {
  const clock = createFakeClock()
  const store = { ...memory({ clock }), ...changed }
  const limiter = createLimiter({
    store,
    clock,
    policies: {
      window: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'open' }),
      bucket: tokenBucket({ limit: 10, refill: 1, window: '1s', onUnavailable: 'open' }),
      day: fixedWindow({ limit: 1, window: '1d', timeZone: 'Europe/Berlin', onUnavailable: 'open' }),
      tried: slidingWindow({ limit: 1, window: '60s', shadow: true, onUnavailable: 'closed' }),
    },
  })
  return { limiter, clock }
}

const remainingOf = (decision: { status: string } | { nearest: { remaining: number } }) =>
  'nearest' in decision ? decision.nearest.remaining : undefined

test('a token bucket gets back its whole limit in a window where nothing else is said', () => {
  expect(tokenBucket({ limit: 7, window: '1s', onUnavailable: 'open' }).refill).toBe(7)
})

test('permits are taken as many as asked for, and given back together', async () => {
  const uploads = concurrency({ limit: 3, ttl: '30s', onUnavailable: 'closed' })
  const limiter = createLimiter({ store: memory({ clock: createFakeClock() }), policies: { uploads } })
  const both = await limiter.take({ policy: 'uploads', key: 'a', cost: 2 })
  expect(remainingOf(both)).toBe(1)
  expect((await limiter.take({ policy: 'uploads', key: 'a', cost: 2 })).allowed).toBe(false)
  await limiter.refund(both)
  expect(remainingOf(await limiter.take({ policy: 'uploads', key: 'a', cost: 3 }))).toBe(0)
})

test('a token bucket states how long an empty one takes to fill', async () => {
  const { limiter } = setUp()
  const decision = await limiter.take({ policy: 'bucket', key: 'a', cost: 10 })
  expect(decision).toMatchObject({ nearest: { limit: 10, windowMs: 10_000, remaining: 0, resetMs: 10_000 } })
  expect(await limiter.limit('bucket', 'a')).toMatchObject({ refusedBy: 'bucket', retryAfterMs: 1_000 })
})

test('a fixed window with a time zone ends at midnight there', async () => {
  const { limiter, clock } = setUp()
  clock.set(Date.UTC(2026, 2, 29, 0, 30))
  await limiter.limit('day', 'a')
  const midnight = Date.UTC(2026, 2, 29, 22)
  expect(await limiter.limit('day', 'a')).toMatchObject({
    status: 'refused',
    retryAfterMs: midnight - clock.now(),
  })
  clock.set(midnight)
  expect((await limiter.limit('day', 'a')).allowed).toBe(true)
})

test('a shadow only reports', async () => {
  const { limiter } = setUp()
  const both = [
    { policy: 'window', key: 'a' },
    { policy: 'tried', key: 'a' },
  ] as const
  await limiter.take(both)
  const second = await limiter.take(both)
  expect(second).toMatchObject({ status: 'allowed', nearest: { policy: 'window' } })
  expect('limits' in second && second.limits[1]).toMatchObject({ policy: 'tried', allowed: false, shadow: true })
  expect(await limiter.limit('tried', 'a')).toMatchObject({ status: 'allowed', nearest: { shadow: true } })
})

test('a shadow that says closed refuses nothing in an outage', async () => {
  const { limiter } = setUp({ take: () => Promise.reject(new StoreUnavailableError('away')) })
  expect(await limiter.limit('tried', 'a')).toMatchObject({ status: 'degraded', allowed: true, mode: 'open' })
})

test.each([
  [
    () => tokenBucket({ limit: 5, refill: 0, window: '1s', onUnavailable: 'open' }),
    '"refill" must be an integer >= 1, received 0',
  ],
  [
    () => tokenBucket({ limit: 2_000_000, window: '1s', onUnavailable: 'open' }),
    '"limit" must be at most 1000000, received 2000000',
  ],
  [
    () => fixedWindow({ limit: 1, window: '2d', timeZone: 'UTC', onUnavailable: 'open' }),
    '"window" must be "1d" where there is a time zone, received 2d',
  ],
  [
    () => concurrency({ limit: 1, ttl: 0, onUnavailable: 'open' }),
    'Cannot create a concurrency limit: "ttl" must be a duration',
  ],
  [
    () => slidingWindow({ limit: 1, window: '1s', debt: -1, onUnavailable: 'open' }),
    '"debt" must be an integer >= 0, received -1',
  ],
  [
    () => slidingWindow({ limit: 1, window: '1s', debt: 10_001, onUnavailable: 'open' }),
    '"debt" must be at most 10000, received 10001',
  ],
  [
    () => tokenBucket({ limit: 5_000, refill: 2_001, window: 2, onUnavailable: 'open' }),
    '"refill" must be at most 2000, received 2001',
  ],
  [
    () => slidingWindow({ limit: 2, window: 2 ** 31 - 1_000, lease: blocksOf(2), onUnavailable: 'open' }),
    '"window" must be a duration from 1 ms to 2147482647 ms',
  ],
])('throw for an option that breaks its rule (%#)', (create, message) => {
  expect(create).toThrow(message)
})
