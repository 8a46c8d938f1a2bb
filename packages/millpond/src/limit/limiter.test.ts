import { describe, expect, test, vi } from 'vitest'
import { StoreUnavailableError } from '../errors.ts'
import { disabled } from '../stores/disabled.ts'
import { memory, type Store } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { blocksOf } from './lease.ts'
import { createLimiter } from './limiter.ts'
import { fixedWindow, slidingWindow } from './policy.ts'

const TIERS = { free: 2, premium: 4 } as const

function setUp(options: { store?: Partial<Store>; keySecret?: string } = {}) {
  const clock = createFakeClock()
  const store = { ...memory({ clock }), ...options.store }
  const limiter = createLimiter({
    store,
    clock,
    keySecret: options.keySecret,
    policies: {
      global: slidingWindow({ limit: 3, window: '60s', onUnavailable: 'open' }),
      waitlist: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'local' }),
      chat: fixedWindow<{ tier: keyof typeof TIERS }>({
        limit: ({ tier }) => TIERS[tier],
        window: '1d',
        onUnavailable: 'closed',
      }),
    },
  })
  return { clock, store, limiter }
}

describe('take()', () => {
  test('allows up to the limit, then refuses with the exact wait', async () => {
    const { limiter, clock } = setUp()
    await limiter.limit('waitlist', 'alice')
    await clock.advance(10_000)
    expect(await limiter.limit('waitlist', 'alice')).toMatchObject({
      status: 'allowed',
      nearest: { policy: 'waitlist', remaining: 0 },
    })
    expect(await limiter.limit('waitlist', 'alice')).toMatchObject({
      status: 'refused',
      refusedBy: 'waitlist',
      retryAfterMs: 50_000,
    })
    expect(await limiter.limit('waitlist', 'bob')).toMatchObject({ status: 'allowed' })
    await clock.advance(49_999)
    expect((await limiter.limit('waitlist', 'alice')).allowed).toBe(false)
    await clock.advance(1)
    expect((await limiter.limit('waitlist', 'alice')).allowed).toBe(true)
  })

  test('takes several policies all or nothing and names the one that refused', async () => {
    const { limiter } = setUp()
    const both = [
      { policy: 'global', key: 'alice' },
      { policy: 'waitlist', key: 'alice' },
    ] as const
    await limiter.take(both)
    expect(await limiter.take(both)).toMatchObject({ status: 'allowed', nearest: { policy: 'waitlist' } })
    const refused = await limiter.take(both)
    expect(refused).toMatchObject({ status: 'refused', refusedBy: 'waitlist' })
    expect(refused.status === 'refused' && refused.limits.map(({ policy, remaining }) => [policy, remaining])).toEqual([
      ['global', 1],
      ['waitlist', 0],
    ])
    expect(await limiter.limit('global', 'alice')).toMatchObject({ status: 'allowed', nearest: { remaining: 0 } })
  })

  test('of several that refuse names the one that does so longest, in whatever order they are asked', async () => {
    const policies = {
      short: slidingWindow({ limit: 1, window: '10s', onUnavailable: 'open' }),
      long: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'open' }),
    }
    const limiter = createLimiter({ store: memory({ clock: createFakeClock() }), policies })
    const [short, long] = [{ policy: 'short', key: 'a' } as const, { policy: 'long', key: 'a' } as const]
    await limiter.take([short, long])
    // One unit is left where the wait is longer.
    const dear = { ...long, cost: 2 }
    for (const decision of [await limiter.take([short, dear]), await limiter.take([dear, short])])
      expect(decision).toMatchObject({ refusedBy: 'long', retryAfterMs: 60_000, nearest: { remaining: 1 } })
  })

  test('computes a limit from the context', async () => {
    const { limiter } = setUp()
    const take = (tier: keyof typeof TIERS) => limiter.take({ policy: 'chat', key: tier, cost: 3, context: { tier } })
    expect(await take('free')).toMatchObject({ status: 'refused', retryAfterMs: Number.POSITIVE_INFINITY })
    expect(await take('premium')).toMatchObject({ status: 'allowed', nearest: { limit: 4, remaining: 1 } })
  })

  test('asks the store once whatever the number of policies', async () => {
    const { limiter, store } = setUp()
    const take = vi.spyOn(store, 'take')
    await limiter.take([
      { policy: 'global', key: 'alice' },
      { policy: 'waitlist', key: 'bob' },
    ])
    expect(take).toHaveBeenCalledTimes(1)
  })

  test('asks the store each time where no refusal is to be remembered', async () => {
    const clock = createFakeClock()
    const store = memory({ clock })
    const asked = vi.spyOn(store, 'take')
    const policies = { all: slidingWindow({ limit: 1, window: '60s', onUnavailable: 'open' }) }
    const limiter = createLimiter({ store, clock, policies, denialMemo: false })
    for (let turn = 0; turn < 3; turn += 1) await limiter.limit('all', 'a')
    expect(asked).toHaveBeenCalledTimes(3)
  })

  test('shows the store no identity when there is a secret', async () => {
    const { limiter, store } = setUp({ keySecret: 'a secret of some length' })
    const take = vi.spyOn(store, 'take')
    await limiter.limit('global', 'alice@example.org')
    expect(take.mock.calls[0]?.[0][0]?.key).toMatch(/^mp:limits:r\{~[\w-]{32}\}s:global$/)
  })

  test('of several policies at once counts each, when there is a secret and one identity is new', async () => {
    const { limiter } = setUp({ keySecret: 'a secret of some length' })
    const take = (...keys: string[]) => limiter.take(keys.map((key) => ({ policy: 'global', key })))
    await take('alice', 'bob')
    await take('alice', 'carol')
    const decision = await take('alice', 'bob', 'carol', 'dave')
    expect(decision).toMatchObject({ limits: [0, 1, 1, 2].map((remaining) => ({ remaining })) })
    await expect(take('eve', 'eve')).rejects.toThrow('each policy and key must be named once')
  })

  test('throws for a caller’s mistake, naming the rule and the value', async () => {
    const { limiter } = setUp()
    const take = (value: unknown) => limiter.take(value as { policy: 'global'; key: string })
    await expect(take({ policy: 'toString', key: 'a' })).rejects.toThrow(
      'Cannot take: "policy" must be one of global, waitlist, chat, received "toString"',
    )
    await expect(take({ policy: 'global', key: '' })).rejects.toThrow(
      'Cannot take from "global": "key" must be a non-empty string, received ""',
    )
    await expect(take({ policy: 'global', key: 7 })).rejects.toThrow('must be a non-empty string, received number')
    await expect(take({ policy: 'global', key: 'a', cost: 0 })).rejects.toThrow(
      '"cost" must be an integer >= 1, received 0',
    )
    await expect(take({ policy: 'global', key: 'a', cost: '1' })).rejects.toThrow(
      'Cannot take from "global": "cost" must be an integer >= 1, received "1"',
    )
    await expect(limiter.reset('waitlists' as 'waitlist', 'a')).rejects.toThrow('Cannot reset: "policy" must be one of')
    await expect(limiter.reset('waitlist', '')).rejects.toThrow('Cannot reset "waitlist": "key" must be')
    const tiered = slidingWindow({ limit: (units: number) => units, window: '1s', onUnavailable: 'open' })
    const byTier = createLimiter({ store: memory(), policies: { tiered } })
    await expect(byTier.take({ policy: 'tiered', key: 'a', context: 10_001 })).rejects.toThrow(
      'Cannot take from "tiered": "limit" must be at most 10000, received 10001',
    )
    await expect(take(undefined)).rejects.toThrow('"policy" must be one of global, waitlist, chat, received undefined')
    await expect(take([])).rejects.toThrow('Cannot take: a policy must be named, received none')
    await expect(
      take([
        { policy: 'global', key: 'a' },
        { policy: 'global', key: 'a' },
      ]),
    ).rejects.toThrow('received "global" twice')
  })
})

describe('a store that fails', () => {
  const away = { take: () => Promise.reject(new StoreUnavailableError('away')) }

  test('is decided as each policy declares, without numbers', async () => {
    const { limiter } = setUp({ store: away })
    expect(await limiter.limit('global', 'a')).toMatchObject({
      status: 'degraded',
      allowed: true,
      mode: 'open',
      policies: ['global'],
    })
    const closed = await limiter.take({ policy: 'chat', key: 'a', context: { tier: 'free' } })
    expect(closed).toMatchObject({
      status: 'degraded',
      allowed: false,
      mode: 'closed',
      cause: { code: 'ERR_STORE_UNAVAILABLE' },
    })
    expect(closed.status === 'degraded' && closed.retryAfterMs).toBe(undefined)
    expect(Object.keys(closed).sort()).toEqual(['allowed', 'cause', 'mode', 'policies', 'retryAfterMs', 'status'])
  })

  test('is counted in this process where a policy says local', async () => {
    const { limiter } = setUp({ store: away })
    const allowed = []
    for (let turn = 0; turn < 3; turn += 1) allowed.push((await limiter.limit('waitlist', 'a')).allowed)
    expect(allowed).toEqual([true, true, false])
    expect(await limiter.limit('waitlist', 'a')).toMatchObject({
      status: 'degraded',
      mode: 'local',
      retryAfterMs: 60_000,
    })
  })

  test('is decided by the strictest of several policies', async () => {
    const { limiter } = setUp({ store: away })
    const decision = await limiter.take([
      { policy: 'global', key: 'a' },
      { policy: 'chat', key: 'a', context: { tier: 'free' } },
    ])
    expect(decision).toMatchObject({ allowed: false, mode: 'closed' })
  })

  test('costs at most the deadline when it hangs', async () => {
    const { limiter, clock } = setUp({ store: { take: () => new Promise(() => {}) } })
    const decision = limiter.limit('global', 'a')
    await clock.advance(100)
    expect(await decision).toMatchObject({ status: 'degraded', cause: { code: 'ERR_STORE_TIMEOUT' } })
  })
})

test.each([[undefined], [{ policies: {} }], [{ store: disabled(), policies: {} }]])(
  'createLimiter() throws where there is no store that counts, which would pass for an outage',
  (options?: { store?: object; policies: object }) => {
    expect(() => createLimiter(options as never)).toThrow(
      new TypeError(`Cannot create limiter: "store" must be a store, received ${typeof options?.store}`),
    )
  },
)

test('createLimiter() throws for a policy that is none', () => {
  const create = (policies: unknown) => () => createLimiter({ store: memory(), policies: policies as never })
  const rule = 'must be a policy such as slidingWindow(), received'
  expect(create({ all: { limit: 1, window: '60s' } })).toThrow(
    new TypeError(`Cannot create limiter: "all" ${rule} object`),
  )
  expect(create(undefined)).toThrow(new TypeError(`Cannot create limiter: "policies" ${rule} undefined`))
})

test('selfTest() tells a limit that refuses from one that does not', async () => {
  expect(await setUp().limiter.selfTest()).toMatchObject({ ok: true })
  const warnings = () => Promise.reject(new StoreUnavailableError('no INFO here'))
  expect(await setUp({ store: { warnings } }).limiter.selfTest()).toMatchObject({ ok: true, warnings: [] })
  const verdict = { allowed: true, remaining: 1, resetMs: 0, retryAfterMs: 0 }
  expect(await setUp({ store: { take: async () => [verdict] } }).limiter.selfTest()).toMatchObject({
    ok: false,
    checks: [{ detail: 'allowed, then allowed' }],
  })
})

describe('slidingWindow()', () => {
  const options = { limit: 5, window: '60s', onUnavailable: 'open' } as const
  test.each([
    [{ limit: 0 }, 'Cannot create a sliding window: "limit" must be an integer >= 1, received 0'],
    [{ limit: 1.5 }, '"limit" must be an integer >= 1, received 1.5'],
    [{ limit: 10_001 }, '"limit" must be at most 10000, received 10001'],
    [
      { window: '1 minute' },
      '"window" must be a duration from 1 ms to 2147483647 ms such as "5m", received "1 minute"',
    ],
    [{ lease: 20 }, '"lease" must be blocksOf(n), received 20'],
    [{ lease: blocksOf(1) }, '"lease" must be an integer >= 2, received 1'],
    [{ lease: blocksOf(6) }, '"lease" must be at most 5, received 6'],
    [{ onUnavailable: undefined }, '"onUnavailable" must be "open", "closed" or "local", received undefined'],
  ])('throws for %j', (wrong, message) => {
    expect(() => slidingWindow({ ...options, ...wrong } as unknown as typeof options)).toThrow(message)
  })
})
