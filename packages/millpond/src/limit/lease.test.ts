import { expect, test } from 'vitest'
import { memory } from '../stores/memory/index.ts'
import { createChaos } from '../testing/chaos-store.ts'
import { createFakeClock, type FakeClock } from '../testing/fake-clock.ts'
import { blocksOf } from './lease.ts'
import { createLimiter } from './limiter.ts'
import { fixedWindow, slidingWindow } from './policy.ts'

const WINDOW_MS = 5_000
const LIMIT = 30

function setUp(clock: FakeClock = createFakeClock()) {
  const store = memory({ clock })
  const asked = { takes: 0 }
  const createProcess = () =>
    createLimiter({
      store: {
        ...store,
        take(checks) {
          asked.takes += 1
          return store.take(checks)
        },
      },
      clock,
      policies: {
        sliding: slidingWindow({ limit: LIMIT, window: WINDOW_MS, lease: blocksOf(10), onUnavailable: 'closed' }),
        fixed: fixedWindow({ limit: LIMIT, window: WINDOW_MS, lease: blocksOf(10), onUnavailable: 'closed' }),
        plain: slidingWindow({ limit: LIMIT, window: WINDOW_MS, onUnavailable: 'closed' }),
        tried: slidingWindow({
          limit: LIMIT,
          window: WINDOW_MS,
          lease: blocksOf(10),
          shadow: true,
          onUnavailable: 'closed',
        }),
        tiered: slidingWindow({
          limit: (tier: number) => tier,
          window: WINDOW_MS,
          lease: blocksOf(10),
          onUnavailable: 'closed',
        }),
      },
    })
  return { clock, asked, createProcess }
}

test('a lease asks the store once for each block', async () => {
  const { asked, createProcess } = setUp()
  const limiter = createProcess()
  const decisions = await Promise.all(Array.from({ length: 20 }, () => limiter.limit('sliding', 'a')))
  expect(decisions.every(({ allowed }) => allowed)).toBe(true)
  expect(asked.takes).toBe(2)
  expect(decisions[0]).toMatchObject({ nearest: { limit: LIMIT, remaining: 29 } })
  expect(decisions[19]).toMatchObject({ nearest: { remaining: 10 } })
})

test('what is not spent goes back when the lease ends, and when the limiter closes', async () => {
  const { clock, createProcess } = setUp()
  const [first, second] = [createProcess(), createProcess()]
  await first.limit('sliding', 'a')
  expect(await second.peek({ policy: 'sliding', key: 'a' })).toMatchObject({ nearest: { remaining: 20 } })
  await clock.advance(1_000)
  expect(await second.peek({ policy: 'sliding', key: 'a' })).toMatchObject({ nearest: { remaining: 29 } })
  await first.limit('sliding', 'a')
  first.close()
  await clock.advance(0)
  expect(await second.peek({ policy: 'sliding', key: 'a' })).toMatchObject({ nearest: { remaining: 28 } })
})

test('close() resolves when the blocks of all keys have gone back', async () => {
  const { createProcess } = setUp()
  const [first, second] = [createProcess(), createProcess()]
  const keys = ['a', 'b', 'c']
  for (const key of keys) await first.limit('sliding', key)
  await first.close()
  const left = keys.map(async (key) => {
    const decision = await second.peek({ policy: 'sliding', key })
    return decision.status === 'allowed' && decision.nearest.remaining
  })
  expect(await Promise.all(left)).toEqual([29, 29, 29])
})

test('when no whole block is left, each take asks the store, to the last unit', async () => {
  const { createProcess } = setUp()
  const processes = [createProcess(), createProcess(), createProcess(), createProcess()]
  let admitted = 0
  for (let turn = 0; turn < 20; turn += 1) {
    for (const limiter of processes) if ((await limiter.limit('sliding', 'a')).allowed) admitted += 1
  }
  expect(admitted).toBe(LIMIT)
})

test('what is left below a block is given unit by unit', async () => {
  const { asked, createProcess } = setUp()
  const limiter = createProcess()
  const allowed: boolean[] = []
  for (let turn = 0; turn < 26; turn += 1)
    allowed.push((await limiter.take({ policy: 'tiered', key: 'a', context: 25 })).allowed)
  expect(allowed).toEqual([...Array<boolean>(25).fill(true), false])
  // Two blocks, a third that is not to be had, and then each take for itself.
  expect(asked.takes).toBe(3 + 6)
})

test('only takes of one policy that enforces, of at most a block, are spent from it', async () => {
  const { asked, createProcess } = setUp()
  const limiter = createProcess()
  await limiter.limit('sliding', 'a')
  const both = ['sliding', 'plain'] as const
  await limiter.take(both.map((policy) => ({ policy, key: 'a' })))
  await limiter.take({ policy: 'sliding', key: 'a', cost: 11 })
  await limiter.limit('tried', 'a')
  await limiter.limit('tried', 'a')
  expect(asked.takes).toBe(5)
  await limiter.take({ policy: 'sliding', key: 'a', cost: 9 })
  expect(asked.takes).toBe(5)
})

test('a block that one take gives back is not spent by another that waited for it too', async () => {
  const { createProcess } = setUp()
  const limiter = createProcess()
  const take = async (cost: number) =>
    (await limiter.take({ policy: 'tiered', key: 'a', context: 15, cost })).allowed ? cost : 0
  const taken = await Promise.all([take(3), take(8), take(1), take(2)])
  for (let turn = 0; turn < 15; turn += 1) taken.push(await take(1))
  expect(taken.reduce((sum, cost) => sum + cost)).toBe(15)
})

test('a block is spent under the limit that it was taken with', async () => {
  const { asked, createProcess } = setUp()
  const limiter = createProcess()
  const take = (tier: number) => limiter.take({ policy: 'tiered', key: 'a', context: tier })
  for (const tier of [30, 30, 20, 20]) expect(await take(tier)).toMatchObject({ nearest: { limit: tier } })
  expect(asked.takes).toBe(2)
})

test('a block is not spent after its second, be its timer late', async () => {
  const clock = createFakeClock()
  const { asked, createProcess } = setUp({ ...clock, after: () => () => {} })
  const limiter = createProcess()
  await limiter.limit('sliding', 'a')
  await clock.advance(999)
  await limiter.limit('sliding', 'a')
  expect(asked.takes).toBe(1)
  await clock.advance(1)
  await limiter.limit('sliding', 'a')
  expect(asked.takes).toBe(2)
})

test('a block that the store did not give is asked for again at the next take', async () => {
  const clock = createFakeClock()
  const { store, calls } = createChaos(memory(), { script: [{ kind: 'error' }], clock })
  const limiter = createLimiter({
    store,
    clock,
    policies: { p: slidingWindow({ limit: LIMIT, window: WINDOW_MS, lease: blocksOf(10), onUnavailable: 'closed' }) },
  })
  const both = await Promise.all([limiter.limit('p', 'a'), limiter.limit('p', 'a')])
  expect(both.map(({ status }) => status)).toEqual(['degraded', 'degraded'])
  expect(await limiter.limit('p', 'a')).toMatchObject({ status: 'allowed', nearest: { remaining: LIMIT - 1 } })
  expect(calls.length).toBe(2)
})

test('what a block says of its window grows older with it', async () => {
  const { clock, createProcess } = setUp()
  const limiter = createProcess()
  const first = await limiter.limit('sliding', 'a')
  await clock.advance(600)
  const second = await limiter.limit('sliding', 'a')
  const resetOf = (decision: typeof first) => ('nearest' in decision ? decision.nearest.resetMs : 0)
  expect(resetOf(first) - resetOf(second)).toBe(600)
})

test('a process holds at most 1,000 blocks; further keys ask the store for each take', async () => {
  const { asked, createProcess } = setUp()
  const limiter = createProcess()
  for (let key = 0; key < 1_001; key += 1) await limiter.limit('sliding', `k${key}`)
  expect(asked.takes).toBe(1_001)
  await limiter.limit('sliding', 'k0')
  await limiter.limit('sliding', 'k999')
  expect(asked.takes).toBe(1_001)
  await limiter.limit('sliding', 'k1000')
  expect(asked.takes).toBe(1_002)
})

test.each(['sliding', 'fixed'] as const)(
  'leases of several processes that die at any time never over-admit: %s',
  async (policy) => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const { clock, createProcess } = setUp(createQuickClock())
      const randomInt = createRandomInt(seed)
      let processes = Array.from({ length: 3 }, createProcess)
      const admitted: number[] = []
      for (let step = 0; step < 300; step += 1) {
        // Bursts with pauses between them, so that blocks are open when a window ends.
        await clock.advance(randomInt(12) === 0 ? randomInt(4_000) : randomInt(30))
        // A dead process gives nothing back.
        if (randomInt(40) === 0) processes = [...processes.slice(1), createProcess()]
        const limiter = processes[randomInt(3)]
        const cost = 1 + randomInt(3)
        const decision = await limiter?.take({ policy, key: 'a', cost })
        if (decision?.allowed) admitted.push(...Array<number>(cost).fill(clock.now()))
      }
      const inWindow = (start: number) =>
        admitted.filter((moment) => moment >= start && moment < start + WINDOW_MS).length
      const starts =
        policy === 'sliding' ? admitted : admitted.map((moment) => Math.floor(moment / WINDOW_MS) * WINDOW_MS)
      expect(Math.max(...starts.map(inWindow))).toBeLessThanOrEqual(LIMIT)
      expect(admitted.length).toBeGreaterThan(LIMIT)
    }
  },
)

/** A virtual clock that waits for no other thread: nothing here computes a digest. */
function createQuickClock(): FakeClock {
  let now = 1_000_000
  let timers: { at: number; fire: () => void }[] = []
  return {
    now: () => now,
    after(ms, fire) {
      const timer = { at: now + ms, fire }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    async advance(ms) {
      const end = now + ms
      for (;;) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
        if (!next) break
        timers = timers.filter((timer) => timer !== next)
        now = next.at
        next.fire()
        for (let turn = 0; turn < 20; turn += 1) await undefined
      }
      now = end
    },
    set(next) {
      now = next
    },
  }
}

function createRandomInt(seed: number): (end: number) => number {
  let state = seed
  return (end) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * end)
  }
}
