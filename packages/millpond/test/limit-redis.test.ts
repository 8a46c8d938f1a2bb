import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { StoreKey } from '../src/key.ts'
import { CLOCKS_DIFFER } from '../src/limit/fixed-window.ts'
import { createLimiter } from '../src/limit/limiter.ts'
import { concurrency, fixedWindow, slidingWindow, tokenBucket } from '../src/limit/policy.ts'
import { reserve } from '../src/limit/reserve.ts'
import { redis } from '../src/stores/redis/index.ts'
import { systemClock } from '../src/time/clock.ts'
import { findKeysWithoutTtl } from './keys-without-ttl.ts'

const POLICIES = {
  global: slidingWindow({ limit: 60, window: '60s', onUnavailable: 'closed' }),
  narrow: slidingWindow({ limit: 5, window: '60s', onUnavailable: 'closed' }),
  bucket: tokenBucket({ limit: 30, window: '60s', onUnavailable: 'closed' }),
  day: fixedWindow({ limit: 5, window: '1d', timeZone: 'Pacific/Auckland', onUnavailable: 'closed' }),
}

describeWith('redis', 'the limiter on Redis', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let client: Redis
  beforeAll(async () => {
    server = await startRedis()
    client = new Redis(server.url)
  })
  beforeEach(async () => {
    await client.flushall()
  })
  afterEach(async () => {
    expect(await findKeysWithoutTtl(client)).toEqual([])
  })
  afterAll(async () => {
    client?.disconnect()
    await server?.stop()
  })

  const setUp = (options: { clock?: typeof systemClock; denialMemo?: false; store?: ReturnType<typeof redis> } = {}) =>
    createLimiter({ store: redis(client), deadline: '10s', policies: POLICIES, ...options })

  /** The commands that the server ran while `run` did, scripts and what they call alike. */
  async function commandsOf(run: () => Promise<unknown>): Promise<Record<string, number>> {
    await client.config('RESETSTAT')
    await run()
    const stats = await client.info('commandstats')
    const calls = [...stats.matchAll(/^cmdstat_(\w+):calls=(\d+)/gm)].map(([, name, count]) => [name, Number(count)])
    return Object.fromEntries(calls)
  }

  test('a take alone costs four commands, three when it is refused, none when the refusal is remembered', async () => {
    const limiter = setUp()
    await limiter.limit('narrow', 'warm')
    expect(await commandsOf(() => limiter.limit('narrow', 'a'))).toEqual({ evalsha: 1, time: 1, mget: 1, set: 1 })
    await limiter.take({ policy: 'narrow', key: 'a', cost: 4 })
    expect(await commandsOf(() => limiter.limit('narrow', 'a'))).toEqual({ evalsha: 1, time: 1, mget: 1 })
    expect(await commandsOf(() => limiter.limit('narrow', 'a'))).toEqual({})
  })

  test('a take is counted at the server’s millisecond, to the millisecond', async () => {
    const store = redis(client)
    const check = {
      key: 'mp:limits:r{=a}p' as StoreKey,
      algorithm: 'sliding-window',
      limit: 500,
      windowMs: 60_000,
    } as const
    const serverMs = async () => {
      const [seconds, micros] = await client.time()
      return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
    }
    for (let nth = 0; nth < 300; nth += 1) {
      const before = await serverMs()
      const [verdict] = await store.take([{ ...check, cost: 1 }])
      const at = Number(verdict?.mark)
      expect(before <= at && at <= (await serverMs())).toBe(true)
    }
  })

  test('a take where the server’s clock lies in none of the days says that the clocks differ', async () => {
    const key = 'mp:limits:r{=a}day' as StoreKey
    const check = {
      key,
      algorithm: 'fixed-window',
      limit: 5,
      windowMs: 1_000,
      cost: 1,
      starts: [1_000, 2_000],
    } as const
    const { take } = redis(client)
    await expect(take([check])).rejects.toThrow(CLOCKS_DIFFER)
    await expect(take([check, { ...check, starts: undefined }])).rejects.toThrow(CLOCKS_DIFFER)
    expect(await client.dbsize()).toBe(0)
  })

  test('a policy whose algorithm is changed starts anew: none reads what another has left under its name', async () => {
    const options = { limit: 3, window: '1d', onUnavailable: 'closed' } as const
    const kinds = [
      fixedWindow(options),
      slidingWindow(options),
      tokenBucket(options),
      concurrency({ limit: 3, ttl: '1h', onUnavailable: 'closed' }),
    ]
    const limiters = kinds.map((p) => createLimiter({ store: redis(client), deadline: '10s', policies: { p } }))
    const refusedBy = async () => {
      const decisions = await Promise.all(limiters.map((limiter) => limiter.limit('p', 'a')))
      return decisions.map((decision) => decision.status)
    }
    for (let nth = 0; nth < 3; nth += 1) expect(await refusedBy()).toEqual(Array(4).fill('allowed'))
    expect(await refusedBy()).toEqual(Array(4).fill('refused'))
    for (const limiter of limiters) await limiter.reset('p', 'a')
    expect(await refusedBy()).toEqual(Array(4).fill('allowed'))
  })

  test('several policies cost one write each, so at most three commands a policy, and 64 takes of a tick 1.05 commands each, 1.1 where the tick before was as full', async () => {
    const limiter = setUp()
    const both = () =>
      limiter.take([
        { policy: 'global', key: 'a' },
        { policy: 'narrow', key: 'a' },
      ])
    // The first sends the script's source.
    await both()
    expect(await commandsOf(both)).toEqual({ evalsha: 1, time: 1, mget: 1, set: 2 })
    const three = () =>
      limiter.take(['global', 'narrow', 'bucket'].map((policy) => ({ policy: policy as 'global', key: 'c' })))
    // The script of these two algorithms is not known yet.
    await three()
    expect(await commandsOf(three)).toEqual({ evalsha: 1, time: 1, mget: 1, set: 3 })
    const many = () => Promise.all(Array.from({ length: 64 }, (_, index) => limiter.limit('global', `k${index}`)))
    expect(await commandsOf(many)).toEqual({ evalsha: 1, time: 1, mget: 1, set: 64 })
    expect(await commandsOf(many)).toEqual({ evalsha: 2, time: 2, mget: 2, set: 64 })
  })

  test('takes of one tick on one key are decided one after the other, and written once', async () => {
    const limiter = setUp()
    await limiter.limit('global', 'warm')
    const allowed: boolean[] = []
    const run = async () => {
      const decisions = await Promise.all(Array.from({ length: 8 }, () => limiter.limit('narrow', 'a')))
      allowed.push(...decisions.map((decision) => decision.allowed))
    }
    expect(await commandsOf(run)).toEqual({ evalsha: 1, time: 1, mget: 1, set: 1 })
    expect(allowed).toEqual([true, true, true, true, true, false, false, false])
  })

  test('a refused take of three policies changes no byte, under concurrent takes, and names the policy', async () => {
    const limiter = setUp({ denialMemo: false })
    const three = [
      { policy: 'global', key: 'a' },
      { policy: 'narrow', key: 'a' },
      { policy: 'bucket', key: 'a' },
    ] as const
    await Promise.all(Array.from({ length: 5 }, () => limiter.take(three)))
    const keys = (await client.keys('*')).sort()
    const dump = () => Promise.all(keys.map(async (key) => [key, await client.dumpBuffer(key)]))
    const before = await dump()
    const decisions = await Promise.all(Array.from({ length: 50 }, () => limiter.take(three)))
    expect(new Set(decisions.map((decision) => decision.status === 'refused' && decision.refusedBy))).toEqual(
      new Set(['narrow']),
    )
    expect(await dump()).toEqual(before)
    expect(keys).toHaveLength(3)
  })

  test('a caller’s clock that is ten minutes wrong changes no decision', async () => {
    const clocks = [-600_000, 0, 600_000].map((skew) => ({ ...systemClock, now: () => Date.now() + skew }))
    const limiters = clocks.map((clock) => setUp({ clock, denialMemo: false }))
    for (const policy of ['narrow', 'day'] as const) {
      const allowed: boolean[] = []
      for (let turn = 0; turn < 9; turn += 1)
        allowed.push((await limiters[turn % 3]?.limit(policy, 'a'))?.allowed ?? false)
      expect(allowed).toEqual([true, true, true, true, true, false, false, false, false])
    }
  })

  test('SCRIPT FLUSH under load causes no error and no double count', async () => {
    const limiter = setUp({ denialMemo: false })
    let flushing = true
    const flush = (async () => {
      while (flushing) {
        await client.script('FLUSH')
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    })()
    let admitted = 0
    const statuses = new Set<string>()
    const take = async (index: number) => {
      for (let turn = 0; turn < 60; turn += 1) {
        const decision = await limiter.limit('global', `k${index % 10}`)
        statuses.add(decision.status)
        if (decision.allowed) admitted += 1
      }
    }
    await Promise.all(Array.from({ length: 20 }, (_, index) => take(index)))
    flushing = false
    await flush
    expect([...statuses].sort()).toEqual(['allowed', 'refused'])
    expect(admitted).toBe(10 * 60)
  })

  test('four processes of 32 clients are admitted exactly the limit in the fullest rolling window', async () => {
    const limits = [3, 5, 30, 60]
    const windowMs = 400
    const settings = [server.url, limits.join(), String(windowMs), '5000']
    const workers = Array.from({ length: 4 }, () =>
      fork(new URL('./limit-worker.ts', import.meta.url), settings, { execArgv: ['--import', 'tsx'] }),
    )
    const messages = () => Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]))
    await messages()
    for (const worker of workers) worker.send('begin')
    const reports = await messages()
    const fullest = limits.map((limit) => {
      const moments = reports.flatMap((report: Record<string, number[]>) => report[limit] ?? []).sort((a, b) => a - b)
      return Math.max(
        ...moments.map((start, index) => moments.slice(index).filter((moment) => moment < start + windowMs).length),
      )
    })
    expect(fullest).toEqual(limits)
  })

  test('a settlement above the estimate records what fits under limit and debt, whatever the algorithm', async () => {
    const loose = { limit: 5, debt: 1, window: '60s', onUnavailable: 'closed' } as const
    const policies = { log: slidingWindow(loose), window: fixedWindow(loose), level: tokenBucket(loose) }
    const limiter = createLimiter({ store: redis(client), namespace: 'settled', deadline: '10s', policies })
    for (const policy of ['log', 'window', 'level'] as const) {
      const { settle } = await reserve(limiter, { policy, key: 'a', cost: 2 })
      // Four of the eight that it cost more fit: three under the limit, and the debt of one.
      expect(await settle(10)).toEqual({ delivered: true, unrecorded: 4 })
    }
  })

  test('selfTest() warns of a database that evicts keys, as one may that a cache fills', async () => {
    const limiter = setUp()
    const warningsUnder = async (maxmemory: string, policy: string) => {
      await client.config('SET', 'maxmemory', maxmemory, 'maxmemory-policy', policy)
      const { ok, warnings } = await limiter.selfTest()
      expect(ok).toBe(true)
      return warnings
    }
    expect(await warningsUnder('100mb', 'allkeys-lru')).toEqual([
      'The store evicts keys when it is full (allkeys-lru), counts of limits among them',
    ])
    expect(await warningsUnder('0', 'allkeys-lru')).toEqual([])
    expect(await warningsUnder('100mb', 'noeviction')).toEqual([])
    await client.config('SET', 'maxmemory', '0')
  })

  test('refunds and takes of several policies leave every key with a TTL', async () => {
    const limiter = setUp()
    const decision = await limiter.take([
      { policy: 'global', key: 'a', cost: 2 },
      { policy: 'bucket', key: 'a' },
      { policy: 'day', key: 'a' },
    ])
    await limiter.limit('global', 'a')
    await limiter.refund(decision)
    expect(await client.keys('mp:*')).toHaveLength(3)
  })
})
