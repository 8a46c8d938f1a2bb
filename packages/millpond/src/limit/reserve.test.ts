import { describe, expect, test, vi } from 'vitest'
import { StoreUnavailableError } from '../errors.ts'
import { memory, type Store } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createLimiter } from './limiter.ts'
import { concurrency, slidingWindow } from './policy.ts'
import { reserve } from './reserve.ts'

function setUp(changed: Partial<Store> = {}) {
  const clock = createFakeClock()
  const store = { ...memory({ clock }), ...changed }
  const limiter = createLimiter({
    store,
    clock,
    policies: {
      window: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'open' }),
      tokens: slidingWindow({ limit: 100, window: '60s', debt: 20, onUnavailable: 'closed' }),
      jobs: concurrency({ limit: 1, ttl: '30s', onUnavailable: 'closed' }),
    },
  })
  return { store, limiter }
}

const remainingOf = (decision: { status: string } | { nearest: { remaining: number } }) =>
  'nearest' in decision ? decision.nearest.remaining : undefined

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

test('settle() at more makes the limiter forget the refusals that it remembers: their wait is longer now', async () => {
  const clock = createFakeClock()
  const tokens = slidingWindow({ limit: 10, window: '60s', onUnavailable: 'closed' })
  const limiter = createLimiter({ store: memory({ clock }), clock, denialMemo: '1h', policies: { tokens } })
  const { settle } = await reserve(limiter, { policy: 'tokens', key: 'a', cost: 3 })
  await clock.advance(10_000)
  const all = { policy: 'tokens', key: 'a', cost: 10 } as const
  expect(await limiter.take(all)).toMatchObject({ status: 'refused', retryAfterMs: 50_000 })
  await settle(5)
  expect(await limiter.take(all)).toMatchObject({ status: 'refused', retryAfterMs: 60_000 })
})

test('a settlement that the store does not get is told as an error of the store', async () => {
  const store = memory()
  const tokens = slidingWindow({ limit: 10, window: '60s', onUnavailable: 'closed' })
  const reporter = vi.fn()
  const { settle } = await reserve(createLimiter({ store, reporter, policies: { tokens } }), {
    policy: 'tokens',
    key: 'a',
    cost: 3,
  })
  const error = new StoreUnavailableError('away')
  vi.spyOn(store, 'charge').mockRejectedValue(error)
  expect(await settle(5)).toEqual({ delivered: false, unrecorded: 2 })
  expect(reporter).toHaveBeenCalledWith({ type: 'store-error', operation: 'settle', error })
})
