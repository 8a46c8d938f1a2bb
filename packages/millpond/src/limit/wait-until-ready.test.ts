import { describe, expect, test, vi } from 'vitest'
import { memory, type Store } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createLimiter } from './limiter.ts'
import { slidingWindow } from './policy.ts'
import { waitUntilReady } from './wait-until-ready.ts'

function setUp(changed: Partial<Store> = {}) {
  const clock = createFakeClock()
  const store = { ...memory({ clock }), ...changed }
  const limiter = createLimiter({
    store,
    clock,
    policies: {
      window: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'open' }),
    },
  })
  return { limiter, clock }
}

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
