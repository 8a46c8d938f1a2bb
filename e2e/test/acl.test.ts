import { readFile } from 'node:fs/promises'
import { Redis } from 'ioredis'
import { concurrency, createCache, createLimiter, fixedWindow, slidingWindow, tokenBucket } from 'millpond'
import { redis } from 'millpond/redis'
import { upstash } from 'millpond/upstash'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { createServer } from 'millpond-rest'
import { expect, test } from 'vitest'

/** The line that docs/guide/running-redis.md gives. */
async function readRules(): Promise<string[]> {
  const page = await readFile(new URL('../../docs/guide/running-redis.md', import.meta.url), 'utf8')
  return /^ACL (SETUSER millpond .*)$/m.exec(page)?.[1]?.split(' ') ?? []
}

const options = { limit: 3, window: '1m', onUnavailable: 'closed' } as const
const policies = {
  sliding: slidingWindow(options),
  fixed: fixedWindow(options),
  bucket: tokenBucket(options),
  permits: concurrency({ limit: 3, ttl: '1m', onUnavailable: 'closed' }),
}
const names = ['sliding', 'fixed', 'bucket', 'permits'] as const

interface Stores {
  readonly cache: Parameters<typeof createCache>[0]['store']
  readonly limits: Parameters<typeof createLimiter>[0]['store']
}

async function useAll(stores: Stores): Promise<void> {
  const cache = createCache({ store: stores.cache, namespace: 'acl', deadline: '10s' })
  const limiter = createLimiter({ store: stores.limits, policies, deadline: '10s' })
  try {
    expect(await cache.selfTest()).toMatchObject({ ok: true })
    const key = cache.key('a').withTags('t')
    expect(await cache.set(key, 1, { ttl: '1m', stamp: await cache.stamp(key) })).toEqual({ stored: true })
    expect(await cache.delete(key)).toEqual({ delivered: true })
    const decision = await limiter.take(names.map((policy) => ({ policy, key: 'alice' })))
    expect(decision.status).toBe('allowed')
    expect(await limiter.refund(decision)).toEqual({ delivered: true })
    expect(await limiter.reset('sliding', 'alice')).toEqual({ delivered: true })
    expect((await limiter.peek({ policy: 'permits', key: 'alice' })).status).toBe('allowed')
    expect(await limiter.selfTest()).toMatchObject({ ok: true })
  } finally {
    cache.close()
    limiter.close()
  }
}

describeWith('redis', 'the user of the guide', () => {
  test('can run the cache and every kind of limit, and touches nothing else', async () => {
    const server = await startRedis()
    const admin = new Redis(server.url)
    await admin.call('ACL', ...(await readRules()))
    const client = new Redis(server.port, '127.0.0.1', { username: 'millpond', password: 'password' })
    try {
      await useAll({ cache: redis(client), limits: redis(client) })
      await expect(client.get('other')).rejects.toThrow('NOPERM')
      await expect(client.flushall()).rejects.toThrow('NOPERM')
    } finally {
      client.disconnect()
      admin.disconnect()
      await server.stop()
    }
  })

  test('can do the same behind millpond-rest', async () => {
    const server = await startRedis()
    const admin = new Redis(server.url)
    await admin.call('ACL', ...(await readRules()))
    const rest = await createServer({ redis: `redis://millpond:password@127.0.0.1:${server.port}` })
    try {
      const store = upstash({ url: rest.url, token: rest.token })
      await useAll({ cache: store, limits: store })
      const answer = await fetch(rest.url, {
        method: 'POST',
        headers: { authorization: `Bearer ${rest.token}` },
        body: JSON.stringify(['GET', 'other']),
      })
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('NOPERM')])
    } finally {
      await rest.close()
      admin.disconnect()
      await server.stop()
    }
  })
})
