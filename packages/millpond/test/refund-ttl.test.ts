import { Redis } from 'ioredis'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { concurrency, createLimiter, fixedWindow, slidingWindow, tokenBucket } from '../src/index.ts'
import type { StoreKey } from '../src/key.ts'
import { redis } from '../src/stores/redis/index.ts'

const limits = { limit: 5, onUnavailable: 'closed' } as const
const POLICIES = {
  log: slidingWindow({ ...limits, window: '1h' }),
  window: fixedWindow({ ...limits, window: '365d' }),
  bucket: tokenBucket({ ...limits, window: '1h' }),
  permits: concurrency({ ...limits, ttl: '1h' }),
}

describeWith('redis', 'a refund on Redis', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let client: Redis
  beforeAll(async () => {
    server = await startRedis()
    client = new Redis(server.url)
  })
  beforeEach(() => client.flushall())
  afterAll(async () => {
    client?.disconnect()
    await server?.stop()
  })

  test.each(Object.keys(POLICIES) as (keyof typeof POLICIES)[])(
    'of "%s" keeps what is not given back for as long as before',
    async (policy) => {
      const limiter = createLimiter({ store: redis(client), deadline: '10s', policies: POLICIES })
      await limiter.take({ policy, key: 'a', cost: 2 })
      const decision = await limiter.take({ policy, key: 'a' })
      const [key = ''] = await client.keys('mp:*')
      const before = await client.pexpiretime(key)
      expect(await limiter.refund(decision)).toEqual({ delivered: true })
      expect(await client.pexpiretime(key)).toBe(before)
      expect(await limiter.peek({ policy, key: 'a' })).toMatchObject({ nearest: { remaining: 3 } })
    },
  )

  test('in the tick of the takes that made the key leaves what is not given back its TTL', async () => {
    const limits = redis(client)
    const key = 'mp:limits:r{=a}permits' as StoreKey
    const permit = (name: string) =>
      ({ key, algorithm: 'concurrency', limit: 5, windowMs: 60_000, cost: 1, permit: name }) as const
    await Promise.all([
      limits.take([permit('permit-1')]),
      limits.take([permit('permit-2')]),
      limits.refund([{ ...permit('permit-1'), mark: 'permit-1' }]),
    ])
    expect(await client.pttl(key)).toBeGreaterThan(0)
  })
})
