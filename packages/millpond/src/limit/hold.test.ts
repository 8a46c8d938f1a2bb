import { describe, expect, test, vi } from 'vitest'
import { StoreUnavailableError } from '../errors.ts'
import { memory, type Store } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { hold } from './hold.ts'
import { createLimiter } from './limiter.ts'
import { concurrency, slidingWindow } from './policy.ts'

function setUp(change: (store: Store) => Partial<Store> = () => ({})) {
  const clock = createFakeClock()
  const store = memory({ clock })
  const limiter = createLimiter({
    store: { ...store, ...change(store) },
    clock,
    policies: {
      window: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'open' }),
      jobs: concurrency({ limit: 1, ttl: '30s', onUnavailable: 'closed' }),
      exports: concurrency({ limit: 1, ttl: '10s', onUnavailable: 'closed' }),
      uploads: concurrency({ limit: 2, ttl: '9s', onUnavailable: 'closed' }),
    },
  })
  return { clock, limiter }
}

describe('hold()', () => {
  test('keeps a permit while it is held, and gives it back', async () => {
    const { limiter, clock } = setUp()
    const held = await hold(limiter, { policy: 'jobs', key: 'a' })
    await clock.advance(95_000)
    expect(await limiter.limit('jobs', 'a')).toMatchObject({ status: 'refused', refusedBy: 'jobs' })
    expect(held.lost.aborted).toBe(false)
    expect(await held.release()).toEqual({ delivered: true })
    expect((await limiter.limit('jobs', 'a')).allowed).toBe(true)
  })

  test('a permit that nobody renews ends by itself', async () => {
    const { limiter, clock } = setUp()
    await limiter.limit('jobs', 'a')
    expect(await limiter.limit('jobs', 'a')).toMatchObject({ retryAfterMs: 30_000 })
    await clock.advance(30_000)
    expect((await limiter.limit('jobs', 'a')).allowed).toBe(true)
  })

  test('says that a permit is lost when it could not be renewed in time', async () => {
    const { limiter, clock } = setUp(() => ({ prolong: () => Promise.reject(new StoreUnavailableError('away')) }))
    const held = await hold(limiter, { policy: 'jobs', key: 'a' })
    const uneven = await hold(limiter, { policy: 'exports', key: 'a' })
    await clock.advance(9_999)
    expect([held.lost.aborted, uneven.lost.aborted]).toEqual([false, false])
    await clock.advance(10)
    expect([held.lost.aborted, uneven.lost.aborted]).toEqual([false, true])
    await clock.advance(19_900)
    expect(held.lost.aborted).toBe(false)
    await clock.advance(100)
    expect(held.lost.aborted).toBe(true)
  })

  test('is renewed no more when the limiter closes, and says so when it has ended', async () => {
    const { limiter, clock } = setUp()
    const held = await hold(limiter, { policy: 'jobs', key: 'a' })
    limiter.close()
    await clock.advance(29_999)
    expect(held.lost.aborted).toBe(false)
    await clock.advance(10)
    expect((await limiter.limit('jobs', 'a')).allowed).toBe(true)
    expect(held.lost.aborted).toBe(true)
  })

  test('counts from when the permit was asked for, not from a late answer', async () => {
    let late = () => {}
    const asked = new Promise<void>((resolve) => {
      late = resolve
    })
    const { limiter, clock } = setUp((store) => ({
      async take(checks) {
        const verdicts = await store.take(checks)
        await asked
        return verdicts
      },
      prolong: () => Promise.reject(new StoreUnavailableError('away')),
    }))
    const holding = hold(limiter, { policy: 'exports', key: 'a' })
    await clock.advance(90)
    late()
    const held = await holding
    await clock.advance(9_920)
    expect(held.lost.aborted).toBe(true)
  })

  test('renews permits of several policies as often as the shortest needs, and gives back only permits', async () => {
    const { limiter, clock } = setUp()
    const keys = ['jobs', 'uploads', 'window'] as const
    const held = await hold(
      limiter,
      keys.map((policy) => ({ policy, key: 'a' })),
    )
    await clock.advance(40_000)
    expect(held.lost.aborted).toBe(false)
    const left = async () => {
      const decisions = await Promise.all(keys.map((policy) => limiter.peek({ policy, key: 'a' })))
      return decisions.map((decision) => ('nearest' in decision ? decision.nearest.remaining : undefined))
    }
    expect(await left()).toEqual([0, 1, 1])
    await held.release()
    expect(await left()).toEqual([1, 2, 1])
  })

  test('says that a permit is lost when the store has it no more, be it one of several', async () => {
    const { limiter, clock } = setUp()
    const held = await hold(limiter, [
      { policy: 'jobs', key: 'a' },
      { policy: 'uploads', key: 'a' },
    ])
    await limiter.reset('uploads', 'a')
    await clock.advance(3_000)
    expect(held.lost.aborted).toBe(true)
    expect(held.lost.reason).toMatchObject({ name: 'AbortError' })
  })

  test('survives outages that are a sixth shorter than its time to live', async () => {
    let away = false
    const { limiter, clock } = setUp((store) => ({
      prolong: (permits) => (away ? Promise.reject(new StoreUnavailableError('away')) : store.prolong(permits)),
    }))
    const held = await hold(limiter, { policy: 'jobs', key: 'a' })
    await clock.advance(10_000)
    for (const _ of [1, 2]) {
      away = true
      await clock.advance(25_000)
      away = false
      await clock.advance(5_000)
      expect(held.lost.aborted).toBe(false)
    }
    expect((await limiter.limit('jobs', 'a')).allowed).toBe(false)
  })

  test.each(['succeeds', 'fails'])(
    'that is released, once, while a renewal is under way that %s, is not lost and renewed no more',
    async (outcome) => {
      const answers: (() => void)[] = []
      const refund = vi.fn<Store['refund']>()
      const { limiter, clock } = setUp((store) => {
        refund.mockImplementation(store.refund)
        const prolong: Store['prolong'] = async (permits) => {
          await new Promise<void>((resolve) => void answers.push(resolve))
          if (outcome === 'fails') throw new StoreUnavailableError('away')
          return store.prolong(permits)
        }
        return { refund, prolong }
      })
      const held = await hold(limiter, { policy: 'jobs', key: 'a' })
      await clock.advance(10_000)
      await Promise.all([held.release(), held.release()])
      answers[0]?.()
      await clock.advance(60_000)
      expect([held.lost.aborted, answers.length, refund.mock.calls.length]).toEqual([false, 1, 1])
    },
  )

  test('of no permit asks for nothing again', async () => {
    const renewed: unknown[] = []
    const { limiter, clock } = setUp((store) => ({
      prolong: (permits) => {
        renewed.push(permits)
        return store.prolong(permits)
      },
    }))
    const held = await hold(limiter, { policy: 'window', key: 'a' })
    await clock.advance(120_000)
    expect(await held.release()).toEqual({ delivered: true })
    expect([renewed, held.lost.aborted]).toEqual([[], false])
  })
})
