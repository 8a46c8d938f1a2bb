import { Redis } from 'ioredis'
import { describeEngines, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { concurrency, createLimiter, fixedWindow, hold, slidingWindow, tokenBucket } from '../src/index.ts'
import { redis } from '../src/stores/redis/index.ts'
import { findKeysWithoutTtl } from './keys-without-ttl.ts'

const limits = { limit: 5, onUnavailable: 'closed' } as const
const POLICIES = {
  log: slidingWindow({ ...limits, window: '60s' }),
  window: fixedWindow({ ...limits, window: '60s' }),
  day: fixedWindow({ ...limits, window: '1d', timeZone: 'Europe/Berlin' }),
  bucket: tokenBucket({ ...limits, window: '60s' }),
  permits: concurrency({ ...limits, ttl: '1m' }),
}
const NAMES = Object.keys(POLICIES) as (keyof typeof POLICIES)[]

/** What may stand at a key of a limit that no limiter has put there. */
const POISONS: Record<string, Buffer | string> = {
  'an empty text': '',
  'one byte': 'x',
  'bytes that are no whole units': Buffer.from([0xff, 0, 0xfe, 1, 2]),
  'a text': '<html>502 Bad Gateway</html>',
  JSON: '{"count":5,"reset":1}',
  'numbers below zero': '-5:-5:-5',
  'half a megabyte': Buffer.alloc(500_001, 7),
}

describeEngines('a limit whose key another has written', (engine) => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let client: Redis
  beforeAll(async () => {
    server = await startRedis({ engine })
    client = new Redis(server.url)
  })
  beforeEach(() => client.flushall())
  afterAll(async () => {
    client?.disconnect()
    await server?.stop()
  })

  const setUp = () => createLimiter({ store: redis(client), deadline: '10s', denialMemo: false, policies: POLICIES })

  async function keysOf(limiter: ReturnType<typeof setUp>): Promise<string[]> {
    await limiter.take(NAMES.map((policy) => ({ policy, key: 'a' })))
    return client.keys('mp:*')
  }

  async function prove(limiter: ReturnType<typeof setUp>) {
    const takes = NAMES.map((policy) => ({ policy, key: 'a' }) as const)
    const decisions = [
      await limiter.peek(takes),
      ...(await Promise.all(takes.map((take) => limiter.take(take)))),
      await limiter.take(takes),
    ]
    for (const decision of decisions) {
      if (decision.status === 'degraded') throw decision.cause
      for (const { policy, remaining, resetMs, retryAfterMs, allowed } of decision.limits) {
        expect(remaining).toBeOneOf([0, 1, 2, 3, 4, 5])
        expect(Number.isSafeInteger(resetMs) && resetMs >= 0).toBe(true)
        expect(retryAfterMs === 0).toBe(allowed)
        // Any bytes are moments to a log, by fours, and ends of permits, by twelves: past or to come. For the others they are nothing.
        if (policy !== 'log' && policy !== 'permits') expect(allowed).toBe(true)
      }
      expect(await limiter.refund(decision)).toEqual({ delivered: true })
    }
    expect((await hold(limiter, { policy: 'permits', key: 'a' })).decision.status).not.toBe('degraded')
    expect(await findKeysWithoutTtl(client)).toEqual([])
  }

  test.each(Object.entries(POISONS))('that is %s decides all the same', async (_, poison) => {
    const limiter = setUp()
    for (const key of await keysOf(limiter)) await client.set(key, poison, 'PX', 60_000)
    await prove(limiter)
    limiter.close()
  })

  test('that is no text at all counts none', async () => {
    const limiter = setUp()
    for (const key of await keysOf(limiter)) {
      await client.del(key)
      await client.rpush(key, 'x')
      await client.pexpire(key, 60_000)
    }
    await prove(limiter)
    limiter.close()
  })
})
