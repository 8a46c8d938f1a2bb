import { readFile } from 'node:fs/promises'
import { Redis } from 'ioredis'
import { concurrency, createCache, createLimiter, fixedWindow, slidingWindow, tokenBucket } from 'millpond'
import { redis } from 'millpond/redis'
import { upstash } from 'millpond/upstash'
import { describeWith, startRedis, startRedisCluster } from 'millpond-e2e/servers'
import { createServer } from 'millpond-rest'
import { expect, test } from 'vitest'

/** The lines that docs/guide/running-redis.md gives: for one server, and what a client and `millpond-rest` need besides on a cluster. */
async function readLines(): Promise<string[][]> {
  const page = await readFile(new URL('../../docs/guide/running-redis.md', import.meta.url), 'utf8')
  return [...page.matchAll(/^ACL (SETUSER millpond .*)$/gm)].map(([, words]) => words?.split(' ') ?? [])
}

async function readRules(): Promise<string[]> {
  return (await readLines())[0] ?? []
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

  const token = 't'.repeat(32)
  const script = "return redis.call('SET', KEYS[1], 'v', 'PX', '60000')"
  const ask = async (redis: string, prefix: string, keys: readonly string[]): Promise<readonly string[]> => {
    const rest = await createServer({ redis, token: [{ token, prefix }] })
    try {
      const headers = { authorization: `Bearer ${token}` }
      const body = (key: string) => JSON.stringify(['EVAL', script, 1, key])
      const asked = keys.map((key) => fetch(rest.url, { method: 'POST', headers, body: body(key) }))
      return await Promise.all((await Promise.all(asked)).map((answer) => answer.text()))
    } finally {
      await rest.close()
    }
  }
  const ok = '{"result":"OK"}'

  test.each([
    ['a database', '', '/1', ['+select']],
    ['tokens with a prefix', 'mp:', '', ['+acl|setuser', '+command']],
  ])('can run scripts behind millpond-rest with %s', async (_, prefix, path, more) => {
    const server = await startRedis()
    const admin = new Redis(server.url)
    await admin.call('ACL', ...(await readRules()))
    const redis = `redis://millpond:password@127.0.0.1:${server.port}${path}`
    try {
      expect(await ask(redis, prefix, ['mp:a'])).not.toEqual([ok])
      await admin.call('ACL', 'SETUSER', 'millpond', ...more)
      expect(await ask(redis, prefix, ['mp:a'])).toEqual([ok])
    } finally {
      admin.disconnect()
      await server.stop()
    }
  })

  test('can do the same behind millpond-rest in front of a cluster', async () => {
    const cluster = await startRedisCluster()
    const [one, , besides] = await readLines()
    try {
      for (const { url } of cluster.nodes) {
        const admin = new Redis(url)
        for (const line of [one, besides]) await admin.call('ACL', ...(line ?? []))
        admin.disconnect()
      }
      const redis = `redis://millpond:password@127.0.0.1:${cluster.nodes[0]?.port}`
      const keys = Array.from({ length: 20 }, (_, index) => `mp:${index}`)
      expect(await ask(redis, '', keys)).toEqual(keys.map(() => ok))
    } finally {
      await cluster.stop()
    }
  })
})
