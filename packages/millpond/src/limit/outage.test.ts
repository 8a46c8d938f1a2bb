import { describe, expect, test, vi } from 'vitest'
import { StoreReplyError, StoreUnavailableError } from '../errors.ts'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createLimiter } from './limiter.ts'
import { fixedWindow, OUTAGE_MODES, slidingWindow } from './policy.ts'

const DEADLINE_MS = 100

/** Ways in which a store fails to answer a take, and the code of the cause. */
const faults = {
  refused: { take: () => Promise.reject(new StoreUnavailableError('refused')), code: 'ERR_STORE_UNAVAILABLE' },
  hung: { take: () => new Promise<never>(() => {}), code: 'ERR_STORE_TIMEOUT' },
  'an error reply': { take: () => Promise.reject(new StoreReplyError('WRONGTYPE')), code: 'ERR_STORE_REPLY' },
  garbage: { take: async () => [], code: 'ERR_STORE_REPLY' },
} as const

/** What each mode answers to the first, second and third take of a limit of two. */
const expected = {
  open: [true, true, true],
  closed: [false, false, false],
  local: [true, true, false],
} as const

function setUp(fault: keyof typeof faults) {
  const clock = createFakeClock()
  const calls = { count: 0, failing: true }
  const store = memory({ clock })
  const policyOf = (onUnavailable: (typeof OUTAGE_MODES)[number]) =>
    slidingWindow({ limit: 2, window: '60s', onUnavailable })
  const limiter = createLimiter({
    store: {
      ...store,
      take(checks) {
        calls.count += 1
        return calls.failing ? faults[fault].take() : store.take(checks)
      },
    },
    clock,
    deadline: DEADLINE_MS,
    policies: { open: policyOf('open'), closed: policyOf('closed'), local: policyOf('local') },
  })
  async function take(policy: (typeof OUTAGE_MODES)[number]) {
    const decision = limiter.limit(policy, 'a')
    await clock.advance(DEADLINE_MS)
    return decision
  }
  return { clock, calls, take }
}

describe.each(Object.keys(faults) as (keyof typeof faults)[])('a store that fails: %s', (fault) => {
  test.each(OUTAGE_MODES)('is answered within the deadline as %s says, without numbers', async (mode) => {
    const { take } = setUp(fault)
    for (const allowed of expected[mode]) {
      const decision = await take(mode)
      expect(decision).toMatchObject({ status: 'degraded', mode, allowed, cause: { code: faults[fault].code } })
      expect(decision).not.toHaveProperty('limits')
    }
  })

  test('and is asked again once it answers', async () => {
    const { take, calls, clock } = setUp(fault)
    for (let turn = 0; turn < 6; turn += 1) await take('open')
    calls.failing = false
    await clock.advance(1_000)
    expect(await take('open')).toMatchObject({ status: 'allowed' })
  })
})

test.each(['refused', 'hung'] as const)(
  'a store that is away (%s) is left alone after five failures',
  async (fault) => {
    const { take, calls } = setUp(fault)
    for (let turn = 0; turn < 5; turn += 1) await take('closed')
    for (let turn = 0; turn < 5; turn += 1) {
      expect(await take('closed')).toMatchObject({ allowed: false, cause: { code: 'ERR_BREAKER_OPEN' } })
    }
    expect(calls.count).toBe(5)
  },
)

test('of several policies the strictest decides, shadows have no say, and a local refusal waits for the longest', async () => {
  const policyOf = (onUnavailable: (typeof OUTAGE_MODES)[number], limit: number, shadow = false) =>
    slidingWindow({ limit, window: `${limit * 10}s`, onUnavailable, shadow })
  const limiter = createLimiter({
    store: { ...memory(), take: () => Promise.reject(new StoreUnavailableError('away')) },
    clock: createFakeClock(),
    policies: {
      open: policyOf('open', 1),
      closed: policyOf('closed', 9),
      tried: policyOf('closed', 9, true),
      once: policyOf('local', 1),
      twice: policyOf('local', 2),
    },
  })
  const take = (key: string, ...policies: ('open' | 'closed' | 'tried' | 'once' | 'twice')[]) =>
    limiter.take(policies.map((policy) => ({ policy, key })))
  expect(await take('a', 'open', 'closed', 'twice')).toMatchObject({ mode: 'closed', allowed: false })
  expect(await take('a', 'open', 'tried')).toMatchObject({ mode: 'open', allowed: true })
  expect(await take('a', 'open', 'once', 'twice')).toMatchObject({ mode: 'local', allowed: true })
  expect(await take('a', 'once', 'twice')).toMatchObject({ mode: 'local', allowed: false, retryAfterMs: 10_000 })
  expect(await take('a', 'twice')).toMatchObject({ mode: 'local', allowed: true })
  expect(await take('a', 'once', 'twice')).toMatchObject({ mode: 'local', allowed: false, retryAfterMs: 20_000 })
})

test('reset() forgets what this process counted in an outage too, be the store away still', async () => {
  const away = () => Promise.reject(new StoreUnavailableError('away'))
  const limiter = createLimiter({
    store: { ...memory(), take: away, reset: away },
    clock: createFakeClock(),
    policies: { local: slidingWindow({ limit: 1, window: '60s', onUnavailable: 'local' }) },
  })
  const allowed = async (key: string) => (await limiter.limit('local', key)).allowed
  expect([await allowed('a'), await allowed('a'), await allowed('b')]).toEqual([true, false, true])
  expect(await limiter.reset('local', 'a')).toEqual({ delivered: false })
  expect([await allowed('a'), await allowed('b')]).toEqual([true, false])
})

test.each([-3, 3])(
  'a clock that is set by %d days in an outage makes no take of a calendar policy reject',
  async (days) => {
    const clock = createFakeClock()
    const store = { ...memory({ clock }), take: () => Promise.reject(new StoreUnavailableError('refused')) }
    const quota = fixedWindow({ limit: 1, window: '1d', timeZone: 'Asia/Tokyo', onUnavailable: 'local' })
    const limiter = createLimiter({ store, clock, policies: { quota } })
    const allowed = async () => (await limiter.limit('quota', 'a')).allowed
    expect([await allowed(), await allowed()]).toEqual([true, false])
    clock.set(clock.now() + days * 86_400_000)
    expect([await allowed(), await allowed()]).toEqual([true, false])
  },
)

test.each([-300, -3, 1.5, 3])(
  'a take of a calendar policy that the clock is set by %d days within decides, by the day it is then',
  async (days) => {
    const clock = createFakeClock()
    const setBy = () => {
      clock.set(clock.now() + days * 86_400_000)
      return Promise.reject(new StoreUnavailableError('refused'))
    }
    const away = () => Promise.reject(new StoreUnavailableError('refused'))
    const store = { ...memory({ clock }), take: vi.fn(away).mockImplementationOnce(setBy), peek: vi.fn(setBy) }
    const quota = fixedWindow({ limit: 1, window: '1d', timeZone: 'Asia/Tokyo', onUnavailable: 'local' })
    const limiter = createLimiter({ store, clock, policies: { quota } })
    const allowed = async () => (await limiter.limit('quota', 'a')).allowed
    expect([await allowed(), await allowed()]).toEqual([true, false])
    expect(await limiter.peek({ policy: 'quota', key: 'a' })).toMatchObject({ mode: 'local', allowed: true })
  },
)
