import { describe, expect, test } from 'vitest'
import { StoreUnavailableError } from '../errors.ts'
import { memory, type Store } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createLimiter } from './limiter.ts'
import { slidingWindow, tokenBucket } from './policy.ts'

function setUp(changed: Partial<Store> = {}) {
  const clock = createFakeClock()
  const store = { ...memory({ clock }), ...changed }
  const limiter = createLimiter({
    store,
    clock,
    policies: {
      window: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'open' }),
      bucket: tokenBucket({ limit: 10, refill: 1, window: '1s', onUnavailable: 'open' }),
    },
  })
  return { limiter, clock }
}

const remainingOf = (decision: { status: string } | { nearest: { remaining: number } }) =>
  'nearest' in decision ? decision.nearest.remaining : undefined

describe('peek() and reset()', () => {
  test('peek() decides like take and takes nothing', async () => {
    const { limiter } = setUp()
    expect(await limiter.peek({ policy: 'window', key: 'a', cost: 2 })).toMatchObject({
      status: 'allowed',
      nearest: { remaining: 2 },
    })
    await limiter.take({ policy: 'window', key: 'a', cost: 2 })
    expect(await limiter.peek({ policy: 'window', key: 'a' })).toMatchObject({
      status: 'refused',
      retryAfterMs: 60_000,
    })
  })

  test('reset() forgets one policy for one key, also a remembered refusal', async () => {
    const { limiter } = setUp()
    for (const key of ['a', 'b']) await limiter.take({ policy: 'window', key, cost: 2 })
    expect((await limiter.limit('window', 'a')).allowed).toBe(false)
    expect(await limiter.reset('window', 'a')).toEqual({ delivered: true })
    expect((await limiter.limit('window', 'a')).allowed).toBe(true)
    expect((await limiter.limit('window', 'b')).allowed).toBe(false)
    await expect(limiter.reset('none' as 'window', 'a')).rejects.toThrow('"policy" must be one of')
  })
})

describe('refund()', () => {
  test('gives back all that a take took, once', async () => {
    const { limiter } = setUp()
    const both = [
      { policy: 'window', key: 'a', cost: 2 },
      { policy: 'bucket', key: 'a', cost: 3 },
    ] as const
    const decision = await limiter.take(both)
    expect(await limiter.refund(decision)).toEqual({ delivered: true })
    expect(remainingOf(await limiter.peek(both[0]))).toBe(2)
    expect(remainingOf(await limiter.peek(both[1]))).toBe(10)
    await limiter.limit('window', 'a')
    await limiter.refund(decision)
    expect(remainingOf(await limiter.peek({ policy: 'window', key: 'a' }))).toBe(1)
  })

  test('gives back what a take took that its caller, in plain JavaScript, did not await', async () => {
    const { limiter } = setUp()
    const take = limiter.take({ policy: 'window', key: 'a', cost: 2 })
    expect(await limiter.refund(take as never)).toEqual({ delivered: true })
    expect(remainingOf(await limiter.peek({ policy: 'window', key: 'a' }))).toBe(2)
  })

  test('gives back nothing of what has left the window', async () => {
    const { limiter, clock } = setUp()
    const first = await limiter.limit('window', 'a')
    await clock.advance(60_000)
    await limiter.limit('window', 'a')
    await limiter.refund(first)
    expect(remainingOf(await limiter.peek({ policy: 'window', key: 'a' }))).toBe(1)
  })

  test('says when the store did not take it', async () => {
    const { limiter } = setUp({ refund: () => Promise.reject(new StoreUnavailableError('away')) })
    expect(await limiter.refund(await limiter.limit('window', 'a'))).toEqual({ delivered: false })
  })
})
