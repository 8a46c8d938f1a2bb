import { describe, expect, test } from 'vitest'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock, type FakeClock } from '../testing/fake-clock.ts'
import type { Decision } from './decision.ts'
import { createDenialMemo } from './denial-memo.ts'
import { createLimiter } from './limiter.ts'
import { concurrency, fixedWindow, slidingWindow, tokenBucket } from './policy.ts'
import type { PolicyCheck } from './read-takes.ts'

const STEPS = 1_000_000

function setUp(denialMemo: '1s' | '1h' | false, clock: FakeClock = createFakeClock()) {
  const store = memory({ clock })
  const asked = { times: 0 }
  const limiter = createLimiter({
    store: {
      ...store,
      take(checks) {
        asked.times += 1
        return store.take(checks)
      },
    },
    clock,
    denialMemo,
    policies: {
      window: slidingWindow({ limit: 3, window: '5s', onUnavailable: 'closed' }),
      bucket: tokenBucket({ limit: 4, refill: 2, window: '3s', onUnavailable: 'closed' }),
      fixed: fixedWindow({ limit: 5, window: '10s', onUnavailable: 'closed' }),
    },
  })
  return { clock, limiter, asked }
}

describe('the denial memo', () => {
  test('answers a repeated refusal without the store, its wait growing shorter', async () => {
    const { clock, limiter, asked } = setUp('1s')
    await limiter.take({ policy: 'window', key: 'a', cost: 3 })
    await limiter.limit('window', 'a')
    clock.set(clock.now() + 999)
    expect(await limiter.limit('window', 'a')).toMatchObject({ status: 'refused', retryAfterMs: 4_001 })
    expect(asked.times).toBe(2)
    clock.set(clock.now() + 1)
    await limiter.limit('window', 'a')
    expect(asked.times).toBe(3)
  })

  test('asks for another cost, another key, and when the clock has stepped back', async () => {
    const { clock, limiter, asked } = setUp('1h')
    await limiter.take({ policy: 'window', key: 'a', cost: 2 })
    await limiter.take({ policy: 'window', key: 'a', cost: 2 })
    expect((await limiter.limit('window', 'a')).allowed).toBe(true)
    expect((await limiter.take({ policy: 'window', key: 'b', cost: 2 })).allowed).toBe(true)
    expect(asked.times).toBe(4)
    expect((await limiter.take({ policy: 'window', key: 'b', cost: 2 })).allowed).toBe(false)
    clock.set(clock.now() - 1)
    await limiter.take({ policy: 'window', key: 'b', cost: 2 })
    expect(asked.times).toBe(6)
  })

  test('forgets what a refund of this process may let pass', async () => {
    const { limiter } = setUp('1h')
    const first = await limiter.take({ policy: 'window', key: 'a', cost: 3 })
    expect((await limiter.limit('window', 'a')).allowed).toBe(false)
    await limiter.refund(first)
    expect((await limiter.limit('window', 'a')).allowed).toBe(true)
  })

  test('does not remember a refusal that was on its way when units went back', async () => {
    const clock = createFakeClock()
    const store = memory({ clock })
    const late: (() => void)[] = []
    let holding = false
    const take: typeof store.take = async (checks) => {
      const verdicts = await store.take(checks)
      if (holding) await new Promise<void>((resolve) => void late.push(resolve))
      return verdicts
    }
    const window = slidingWindow({ limit: 1, window: '5s', onUnavailable: 'closed' })
    const limiter = createLimiter({ store: { ...store, take }, clock, policies: { window } })
    await limiter.limit('window', 'a')
    holding = true
    const refused = limiter.limit('window', 'a')
    await clock.advance(0)
    await limiter.reset('window', 'a')
    holding = false
    late[0]?.()
    expect((await refused).allowed).toBe(false)
    expect((await limiter.limit('window', 'a')).allowed).toBe(true)
  })

  test('remembers no refusal of permits, which another process may give back at any time', async () => {
    const clock = createFakeClock()
    const store = memory({ clock })
    const jobs = concurrency({ limit: 1, ttl: '30s', onUnavailable: 'closed' })
    const [holder, other] = [1, 2].map(() => createLimiter({ store, clock, policies: { jobs } }))
    const held = await holder?.limit('jobs', 'a')
    expect((await other?.limit('jobs', 'a'))?.allowed).toBe(false)
    if (held) await holder?.refund(held)
    expect((await other?.limit('jobs', 'a'))?.allowed).toBe(true)
  })

  test('forgets a refusal of several policies when one of them took since, whichever', async () => {
    const { limiter, asked } = setUp('1h')
    const both = [
      { policy: 'fixed', key: 'b' },
      { policy: 'window', key: 'a' },
    ] as const
    await limiter.take({ policy: 'window', key: 'a', cost: 3 })
    await limiter.take(both)
    expect((await limiter.take(both)).allowed).toBe(false)
    expect(asked.times).toBe(2)
    await limiter.take({ policy: 'fixed', key: 'b', cost: 5 })
    expect(await limiter.take(both)).toMatchObject({ status: 'refused', refusedBy: 'fixed' })
    expect(asked.times).toBe(4)
  })

  test('holds at most its maximum of refusals, the newest', () => {
    const memo = createDenialMemo<'window'>({ clock: createFakeClock(), maxAgeMs: 1_000, maxSize: 100 })
    const state = {
      policy: 'window',
      limit: 1,
      windowMs: 1_000,
      allowed: false,
      remaining: 0,
      resetMs: 9,
      retryAfterMs: 9,
    } as const
    const decision: Decision<'window'> = {
      status: 'refused',
      allowed: false,
      limits: [state],
      nearest: state,
      refusedBy: 'window',
      retryAfterMs: 9,
    }
    const checksOf = (identity: number) => [{ key: `k${identity}`, limit: 1, cost: 1 } as PolicyCheck<'window'>]
    for (let identity = 0; identity < 1_000_030; identity += 1) {
      memo.note(memo.begin(), checksOf(identity), decision)
      // One that goes on being refused is not pushed out by a flood of others.
      if (identity % 50 === 0) memo.note(memo.begin(), checksOf(0), decision)
    }
    const known = Array.from({ length: 1_000_030 }, (_, identity) => identity).filter((identity) =>
      memo.recall(checksOf(identity)),
    )
    expect([known.length, known[0], known[1], known.at(-1)]).toEqual([100, 0, 999_931, 1_000_029])
  })

  test(`decides over ${STEPS} steps exactly as the store does`, async () => {
    // Nothing waits here, so timers need not fire.
    const clock = { ...createFakeClock(), after: () => () => {} }
    const [plain, remembering] = [setUp(false, clock).limiter, setUp('1s', clock)]
    const policies = ['window', 'bucket', 'fixed'] as const
    let seed = 1
    const randomInt = (end: number) => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((seed / 2 ** 32) * end)
    }
    let differences = 0
    let held: [Decision, Decision] | undefined
    for (let step = 0; step < STEPS; step += 1) {
      clock.set(clock.now() + (randomInt(20) === 0 ? randomInt(4_000) : randomInt(8)))
      const policy = policies[randomInt(3)] ?? 'window'
      const key = `k${randomInt(4)}`
      if (randomInt(50) === 0 && held) {
        await Promise.all([plain.refund(held[0]), remembering.limiter.refund(held[1])])
        held = undefined
      }
      if (randomInt(500) === 0) await Promise.all([plain.reset(policy, key), remembering.limiter.reset(policy, key)])
      const cost = randomInt(4) === 0 ? 1 + randomInt(5) : 1
      const take = { policy, key, cost }
      const [a, b] = [await plain.take(take), await remembering.limiter.take(take)]
      if (!isSame(a, b, cost)) differences += 1
      if (a.allowed) held = [a, b]
    }
    expect(differences).toBe(0)
    expect(remembering.asked.times).toBeLessThan(STEPS * 0.8)
  })
})

/** Equal in all that decides; `remaining` may have grown since where a cost above 1 was refused. */
function isSame(a: Decision, b: Decision, cost: number): boolean {
  if (a.status === 'degraded' || b.status === 'degraded') return false
  const remaining = cost === 1 || a.nearest.remaining >= b.nearest.remaining
  return (
    a.status === b.status &&
    a.nearest.retryAfterMs === b.nearest.retryAfterMs &&
    a.nearest.resetMs === b.nearest.resetMs &&
    (cost > 1 || a.nearest.remaining === b.nearest.remaining) &&
    remaining
  )
}
