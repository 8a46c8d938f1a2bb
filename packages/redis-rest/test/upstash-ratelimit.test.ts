import { Redis } from '@upstash/redis'
import { describeEngines, describeWith, isAtLeast, type StartedRedis, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createServer, type RestServer } from '../src/index.ts'

interface Result {
  readonly success: boolean
  readonly limit: number
  readonly remaining: number
  readonly reason?: string
  readonly deniedValue?: string
  readonly pending: Promise<unknown>
}

interface Limiter {
  limit(identifier: string, request?: { rate?: number; ip?: string; country?: string }): Promise<Result>
  getRemaining(identifier: string): Promise<{ remaining: number; reset: number; limit?: number } | number>
  resetUsedTokens(identifier: string): Promise<void>
  setDynamicLimit(options: { limit: number | false }): Promise<void>
  getDynamicLimit(): Promise<{ dynamicLimit: number | null }>
}

type Algorithm = object

/** What is used here of the package, the same in all versions that are tested. */
interface Package {
  readonly Ratelimit: (new (
    config: Record<string, unknown>,
  ) => Limiter) & {
    fixedWindow(tokens: number, window: string): Algorithm
    slidingWindow(tokens: number, window: string): Algorithm
    tokenBucket(refill: number, interval: string, max: number): Algorithm
    cachedFixedWindow(tokens: number, window: string): Algorithm
  }
  readonly MultiRegionRatelimit: (new (
    config: Record<string, unknown>,
  ) => Limiter) & {
    fixedWindow(tokens: number, window: string): Algorithm
    slidingWindow(tokens: number, window: string): Algorithm
  }
  readonly IpDenyList: { disableIpDenyList(redis: Redis, prefix: string): Promise<unknown> }
}

async function load<T>(name: string): Promise<T | undefined> {
  try {
    return (await import(name)) as T
  } catch {
    return undefined
  }
}

const soon = { timeout: 10_000, interval: 10 }

const versions = [
  ['2.0.8', await load<Package>('upstash-ratelimit-2-0')],
  ['2.1.0', await load<Package>('upstash-ratelimit-2-1')],
  ['2.2.0', await load<Package>('upstash-ratelimit-2-2')],
] as const

describeEngines(
  '@upstash/ratelimit',
  (engine) => {
    let first: StartedRedis
    let second: StartedRedis
    let server: RestServer
    let other: RestServer
    let redis: Redis
    let elsewhere: Redis
    let confined: Redis

    beforeAll(async () => {
      first = await startRedis({ engine })
      second = await startRedis({ engine })
      server = await createServer({ redis: first.url, token: ['full', { token: 'confined', prefix: 'tenant[1]:' }] })
      other = await createServer({ redis: second.url })
      const enableTelemetry = false
      redis = new Redis({ url: server.url, token: server.token, enableTelemetry })
      confined = new Redis({ url: server.url, token: 'confined', enableTelemetry })
      elsewhere = new Redis({ url: other.url, token: other.token, enableTelemetry })
    })
    afterAll(async () => {
      await Promise.all([server?.close(), other?.close()])
      await Promise.all([first?.stop(), second?.stop()])
    })
    beforeEach(async () => {
      await Promise.all([redis.flushall(), elsewhere.flushall()])
      await redis.scriptFlush()
    })

    for (const [version, found] of versions) {
      const title = `${version}${found === undefined ? ' (not installed)' : ''}`
      describe.skipIf(found === undefined)(title, () => {
        if (found === undefined) {
          it('needs its npm alias among the devDependencies', () => undefined)
          return
        }
        const { Ratelimit, MultiRegionRatelimit, IpDenyList } = found
        const create = (limiter: Algorithm, options: Record<string, unknown> = {}): Limiter =>
          new Ratelimit({ redis, limiter, ephemeralCache: false, prefix: 'rl', ...options })

        const algorithms: [string, () => Algorithm][] = [
          ['fixedWindow', () => Ratelimit.fixedWindow(10, '1 d')],
          ['slidingWindow', () => Ratelimit.slidingWindow(10, '1 d')],
          ['tokenBucket', () => Ratelimit.tokenBucket(1, '1 d', 10)],
        ]
        it.each(algorithms)('%s admits exactly its limit, and again after a reset', async (_, algorithm) => {
          const limiter = create(algorithm())
          for (let round = 0; round < 2; round += 1) {
            const results: Result[] = []
            for (let index = 0; index < 12; index += 1) results.push(await limiter.limit('me'))
            expect(results.filter(({ success }) => success)).toHaveLength(10)
            expect(results.map(({ remaining }) => remaining).slice(0, 10)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
            const left = await limiter.getRemaining('me')
            expect(typeof left === 'number' ? left : left.remaining).toBe(0)
            await limiter.resetUsedTokens('me')
          }
        })

        it.each(algorithms)('%s: 200 concurrent takes admit exactly the limit', async (_, algorithm) => {
          const limiter = create(algorithm())
          const results = await Promise.all(Array.from({ length: 200 }, () => limiter.limit('me')))
          expect(results.filter(({ success }) => success)).toHaveLength(10)
        })

        it.each(algorithms)('%s works with a token that has a prefix, resets included', async (_, algorithm) => {
          // Users with limits on channels, which scripts with a prefix need, came with 6.2.
          if (!isAtLeast(engine, [6, 2])) return
          await redis.set('tenantX1:rl:me:1', 'of somebody else')
          const limiter = create(algorithm(), { redis: confined, dynamicLimits: true })
          for (let round = 0; round < 2; round += 1) {
            const results = await Promise.all(Array.from({ length: 30 }, () => limiter.limit('me')))
            expect(results.filter(({ success }) => success)).toHaveLength(10)
            await limiter.resetUsedTokens('me')
          }
          await limiter.setDynamicLimit({ limit: 3 })
          const limited = await Promise.all(Array.from({ length: 5 }, () => limiter.limit('you')))
          expect(limited.filter(({ success }) => success)).toHaveLength(3)
          const keys = await redis.keys('*')
          expect(keys.filter((key) => !key.startsWith('tenant[1]:'))).toEqual(['tenantX1:rl:me:1'])
        })

        it('a limit with a rate takes that many', async () => {
          const limiter = create(Ratelimit.fixedWindow(10, '1 d'))
          expect((await limiter.limit('me', { rate: 7 })).remaining).toBe(3)
          expect((await limiter.limit('me', { rate: 7 })).success).toBe(false)
        })

        it('cachedFixedWindow admits its limit', async () => {
          const limiter = create(Ratelimit.cachedFixedWindow(5, '1 d'), { ephemeralCache: new Map() })
          const results: Result[] = []
          for (let index = 0; index < 7; index += 1) results.push(await limiter.limit('me'))
          await Promise.all(results.map(({ pending }) => pending))
          // Before 2.2 the package itself refuses the last of the limit.
          expect(results.filter(({ success }) => success)).toHaveLength(version === '2.2.0' ? 5 : 4)
        })

        it('a dynamic limit takes the place of the static one', async () => {
          const limiter = create(Ratelimit.fixedWindow(3, '1 d'), { dynamicLimits: true })
          await limiter.setDynamicLimit({ limit: 5 })
          expect(await limiter.getDynamicLimit()).toEqual({ dynamicLimit: 5 })
          const results: Result[] = []
          for (let index = 0; index < 7; index += 1) results.push(await limiter.limit('me'))
          expect(results.filter(({ success }) => success)).toHaveLength(5)
          await limiter.setDynamicLimit({ limit: false })
          expect(await limiter.getDynamicLimit()).toEqual({ dynamicLimit: null })
        })

        it('a deny list denies by address and country', async () => {
          // The package asks for SMISMEMBER.
          if (!isAtLeast(engine, [6, 2])) return
          await IpDenyList.disableIpDenyList(redis, 'rl')
          await redis.sadd('rl:denyList:all', '10.0.0.9', 'XX')
          const limiter = create(Ratelimit.fixedWindow(3, '1 d'), { enableProtection: true })
          const allowed = await limiter.limit('me', { ip: '10.0.0.1', country: 'DE' })
          expect(allowed.success).toBe(true)
          const denied = await limiter.limit('me', { ip: '10.0.0.9' })
          expect([denied.success, denied.reason, denied.deniedValue]).toEqual([false, 'denyList', '10.0.0.9'])
          expect((await limiter.limit('me', { country: 'XX' })).deniedValue).toBe('XX')
        })

        it('analytics are stored', async () => {
          const limiter = create(Ratelimit.fixedWindow(3, '1 d'), { analytics: true, prefix: 'rl' })
          await (await limiter.limit('me')).pending
          expect((await redis.keys('rl:events*')).length).toBe(1)
        })

        const regions: [string, () => Algorithm][] = [
          ['fixedWindow', () => MultiRegionRatelimit.fixedWindow(5, '1 d')],
          ['slidingWindow', () => MultiRegionRatelimit.slidingWindow(5, '1 d')],
        ]
        it.each(regions)('several regions, %s: both know of every take', async (name, algorithm) => {
          const config = { redis: [redis, elsewhere], limiter: algorithm(), ephemeralCache: false, prefix: 'rl' }
          const limiter = new MultiRegionRatelimit(config)
          const results: Result[] = []
          for (let index = 0; index < 7; index += 1) {
            const result = await limiter.limit(name)
            await result.pending
            results.push(result)
          }
          expect(results.filter(({ success }) => success)).toHaveLength(5)
          const [here, there] = await Promise.all([redis.dbsize(), elsewhere.dbsize()])
          expect([here > 0, here]).toEqual([true, there])
          await limiter.resetUsedTokens(name)
          // The package does not wait for the regions itself.
          await vi.waitFor(async () => expect([await redis.dbsize(), await elsewhere.dbsize()]).toEqual([0, 0]), soon)
          const again = await limiter.limit(name)
          await again.pending
          expect(again.success).toBe(true)
        })
      })
    }
  },
  [6, 0],
)

interface LockPackage {
  readonly Lock: new (config: {
    id: string
    redis: Redis
    lease?: number
    retry?: { attempts: number; delay: number }
  }) => {
    acquire(): Promise<boolean>
    release(): Promise<boolean>
    extend(ms: number): Promise<boolean>
    getStatus(): Promise<string>
  }
}

const lockPackage = await load<LockPackage>('@upstash/lock')

describeWith('redis', `@upstash/lock${lockPackage === undefined ? ' (not installed)' : ''}`, () => {
  it.skipIf(lockPackage === undefined)('a lock is held by one, extended and released', async () => {
    if (lockPackage === undefined) return
    const server = await createServer()
    const redis = new Redis({ url: server.url, token: server.token, enableTelemetry: false })
    const create = () => new lockPackage.Lock({ id: 'lock', redis, lease: 60_000, retry: { attempts: 1, delay: 1 } })
    const [one, two] = [create(), create()]
    expect([await one.acquire(), await two.acquire()]).toEqual([true, false])
    expect([await one.getStatus(), await two.getStatus()]).toEqual(['ACQUIRED', 'FREE'])
    expect(await one.extend(60_000)).toBe(true)
    expect(await redis.ttl('lock')).toBeGreaterThan(60)
    expect([await two.release(), await one.release(), await two.acquire()]).toEqual([false, true, true])
    await server.close()
  })
})
