import { describe, expect, test, vi } from 'vitest'
import { StoreUnavailableError } from '../errors.ts'
import { memory, type Store } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { blocksOf } from './lease.ts'
import { createLimiter } from './limiter.ts'
import { concurrency, fixedWindow, slidingWindow, tokenBucket } from './policy.ts'
import { reserve } from './reserve.ts'
import { waitUntilReady } from './wait-until-ready.ts'

function setUp(changed: Partial<Store> = {}) {
  const clock = createFakeClock()
  const store = { ...memory({ clock }), ...changed }
  const limiter = createLimiter({
    store,
    clock,
    policies: {
      window: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'open' }),
      tokens: slidingWindow({ limit: 100, window: '60s', debt: 20, onUnavailable: 'closed' }),
      bucket: tokenBucket({ limit: 10, refill: 1, window: '1s', onUnavailable: 'open' }),
      day: fixedWindow({ limit: 1, window: '1d', timeZone: 'Europe/Berlin', onUnavailable: 'open' }),
      tried: slidingWindow({ limit: 1, window: '60s', shadow: true, onUnavailable: 'closed' }),
      jobs: concurrency({ limit: 1, ttl: '30s', onUnavailable: 'closed' }),
    },
  })
  return { clock, store, limiter }
}

const remainingOf = (decision: { status: string } | { nearest: { remaining: number } }) =>
  'nearest' in decision ? decision.nearest.remaining : undefined

describe('policies', () => {
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
})

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

describe('reserve()', () => {
  const take = { policy: 'tokens', key: 'a', cost: 60 } as const
  const used = async ({ limiter }: ReturnType<typeof setUp>) => {
    const decision = await limiter.peek({ policy: 'tokens', key: 'a' })
    return 'limits' in decision ? 100 - (decision.limits[0]?.remaining ?? 0) : undefined
  }

  test('settles at less, and gives back the rest', async () => {
    const parts = setUp()
    const reservation = await reserve(parts.limiter, take)
    expect(await used(parts)).toBe(60)
    expect(await reservation.settle(25)).toEqual({ delivered: true, unrecorded: 0 })
    expect(await used(parts)).toBe(25)
    await reservation.settle(90)
    expect(await used(parts)).toBe(25)
  })

  test('settles at more, up to limit and debt and never beyond', async () => {
    const parts = setUp()
    const reservation = await reserve(parts.limiter, take)
    expect(await reservation.settle(150)).toEqual({ delivered: true, unrecorded: 30 })
    const check = (await parts.store.peek([await toCheck(parts, 120)]))[0]
    expect(check).toMatchObject({ allowed: false, remaining: 0 })
    expect((await parts.store.peek([await toCheck(parts, 121)]))[0]).toMatchObject({ remaining: 1 })
  })

  test('settles each policy at its own cost, leaves those that are not named, and gives permits back', async () => {
    const { limiter } = setUp()
    const left = async (policy: 'window' | 'tokens' | 'jobs') => remainingOf(await limiter.peek({ policy, key: 'a' }))
    const takes = [{ policy: 'window', key: 'a' }, take, { policy: 'jobs', key: 'a' }] as const
    const reservation = await reserve(limiter, takes)
    expect([await left('window'), await left('tokens'), await left('jobs')]).toEqual([1, 40, 0])
    expect(await reservation.settle({ tokens: 70 })).toEqual({ delivered: true, unrecorded: 0 })
    expect([await left('window'), await left('tokens'), await left('jobs')]).toEqual([1, 30, 1])
    const second = await reserve(limiter, [{ ...take, cost: 5 }, takes[2]])
    expect(await second.settle(7)).toEqual({ delivered: true, unrecorded: 0 })
    expect([await left('tokens'), await left('jobs')]).toEqual([23, 1])
  })

  test.each([
    [{ tokens: 1.5 }, 'Cannot settle: "cost.tokens" must be an integer >= 0, received 1.5'],
    [{ window: 1 }, 'Cannot settle: "cost" must name policies reserved from (tokens), received "window"'],
    [-1, 'Cannot settle: "cost" must be an integer >= 0, received -1'],
    [null, 'Cannot settle: "cost" must be an integer >= 0, received null'],
  ])('settle(%j) says what is wrong, and may be called again', async (cost, message) => {
    const parts = setUp()
    const reservation = await reserve(parts.limiter, take)
    await expect(reservation.settle(cost as number)).rejects.toThrow(new RangeError(message))
    await reservation.settle({ tokens: 10 })
    expect(await used(parts)).toBe(10)
  })

  test('cancels', async () => {
    const parts = setUp()
    await (await reserve(parts.limiter, take)).cancel()
    expect(await used(parts)).toBe(0)
  })

  test('says what the store did not record', async () => {
    const away = () => Promise.reject(new StoreUnavailableError('away'))
    const two = [take, { policy: 'window', key: 'a', cost: 1 }] as const
    const uncharged = await reserve(setUp({ charge: away }).limiter, two)
    expect(await uncharged.settle({ tokens: 75, window: 2 })).toEqual({ delivered: false, unrecorded: 15 })
    const unrefunded = await reserve(setUp({ refund: away }).limiter, two)
    expect(await unrefunded.settle({ tokens: 50, window: 2 })).toEqual({ delivered: false, unrecorded: 0 })
  })

  test('says of several policies what the one that recorded least did not', async () => {
    const { limiter } = setUp()
    const two = await reserve(limiter, [take, { policy: 'window', key: 'a', cost: 1 }])
    expect(await two.settle({ tokens: 121, window: 5 })).toEqual({ delivered: true, unrecorded: 3 })
  })

  test('asks the store for nothing where nothing changed', async () => {
    const asked: string[] = []
    const store = memory()
    const { limiter } = setUp({
      ...store,
      charge: (checks) => {
        asked.push(`charge ${checks.length}`)
        return store.charge(checks)
      },
      refund: (checks) => {
        asked.push(`refund ${checks.length}`)
        return store.refund(checks)
      },
    })
    const settle = async (costs: { tokens: number; window: number }) => {
      const reservation = await reserve(limiter, [take, { policy: 'window', key: 'a' }])
      asked.length = 0
      expect(await reservation.settle(costs)).toEqual({ delivered: true, unrecorded: 0 })
      return [...asked]
    }
    expect(await settle({ tokens: 60, window: 1 })).toEqual([])
    await limiter.reset('tokens', 'a')
    expect(await settle({ tokens: 60, window: 0 })).toEqual(['refund 1'])
  })

  test('reserves nothing when it is refused', async () => {
    const parts = setUp()
    await reserve(parts.limiter, take)
    const second = await reserve(parts.limiter, take)
    expect(second.decision.allowed).toBe(false)
    expect(await second.settle(60)).toEqual({ delivered: true, unrecorded: 0 })
    expect(await used(parts)).toBe(60)
  })

  async function toCheck({ store, limiter }: ReturnType<typeof setUp>, limit: number) {
    const peek = vi.spyOn(store, 'peek')
    await limiter.peek({ policy: 'tokens', key: 'a' })
    const check = peek.mock.calls[0]?.[0][0]
    peek.mockRestore()
    if (!check) throw new TypeError('the limiter did not peek')
    return { ...check, limit }
  }
})

describe('waitUntilReady()', () => {
  test('waits as long as the refusal says', async () => {
    const { limiter, clock } = setUp()
    await limiter.take({ policy: 'window', key: 'a', cost: 2 })
    const waiting = waitUntilReady(limiter, { policy: 'window', key: 'a' }, { maxWait: '60s' })
    let decided = false
    void waiting.then(() => {
      decided = true
    })
    await clock.advance(59_999)
    expect(decided).toBe(false)
    await clock.advance(1)
    expect((await waiting).allowed).toBe(true)
  })

  test('gives the refusal back at once when the wait would be longer than allowed', async () => {
    const { limiter } = setUp()
    await limiter.take({ policy: 'window', key: 'a', cost: 2 })
    const decision = await waitUntilReady(limiter, { policy: 'window', key: 'a' }, { maxWait: '59s' })
    expect(decision).toMatchObject({ status: 'refused', retryAfterMs: 60_000 })
  })

  test('rejects when its signal is aborted', async () => {
    const { limiter, clock } = setUp()
    await limiter.take({ policy: 'window', key: 'a', cost: 2 })
    const controller = new AbortController()
    const waiting = waitUntilReady(
      limiter,
      { policy: 'window', key: 'a' },
      { maxWait: '60s', signal: controller.signal },
    )
    const outcome = waiting.catch((error: unknown) => error)
    await clock.advance(10)
    controller.abort(new RangeError('gone'))
    expect(await outcome).toEqual(new RangeError('gone'))
  })

  test('leaves nothing on its signal once it has ended', async () => {
    const { limiter, clock } = setUp()
    const { signal } = new AbortController()
    const listeners = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')]
    await limiter.take({ policy: 'window', key: 'a', cost: 2 })
    const waiting = waitUntilReady(limiter, { policy: 'window', key: 'a' }, { maxWait: '60s', signal })
    await clock.advance(60_000)
    expect((await waiting).allowed).toBe(true)
    expect(listeners.map(({ mock }) => mock.calls.length)).toEqual([1, 1])
  })

  test('rejects when its signal was aborted during the take that was refused, and does not wait first', async () => {
    const controller = new AbortController()
    const store = memory({ clock: createFakeClock() })
    const take: Store['take'] = (checks) => {
      if (checks[0]?.cost === 1) controller.abort(new RangeError('gone'))
      return store.take(checks)
    }
    const { limiter } = setUp({ take })
    await limiter.take({ policy: 'window', key: 'a', cost: 2 })
    const options = { maxWait: '60s', signal: controller.signal } as const
    const outcome = waitUntilReady(limiter, { policy: 'window', key: 'a' }, options).catch((error: unknown) => error)
    const waiting = new Promise((resolve) => setTimeout(resolve, 20, 'still waiting'))
    expect(await Promise.race([outcome, waiting])).toEqual(new RangeError('gone'))
  })
})
