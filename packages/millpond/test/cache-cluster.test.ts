import { Redis } from 'ioredis'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { anyPart, createCache } from '../src/index.ts'
import { type RedisClient, redis } from '../src/stores/redis/index.ts'
import { startClusterClients } from './start-cluster-clients.ts'

describeWith('redis', 'a cache on a cluster', () => {
  let started: Awaited<ReturnType<typeof startClusterClients>>
  beforeAll(async () => {
    started = await startClusterClients()
  })
  afterAll(() => started?.stop())
  const clients: [string, () => RedisClient][] = [
    ['ioredis', () => started.ioredis],
    ['node-redis', () => started.nodeRedis],
  ]

  test.each(clients)(
    'invalidates by tags in slots of their own, also those that only the value names: %s',
    async (name, client) => {
      const connect = () => createCache({ store: redis(client()), namespace: `tags.${name}`, deadline: '10s' })
      const define = (cache: ReturnType<typeof connect>) =>
        cache.define({
          name: 'article',
          ttl: '5m',
          input: z.int(),
          tags: (id) => [`article:${id}`, 'articles'],
          load: (id) => ({ authors: [`a${id}`, `b${id}`, 'everybody'] }),
          valueTags: (value) => value.authors.map((author) => `author:${author}`),
        })
      const [one, two] = [connect(), connect()]
      const [writer, reader] = [define(one), define(two)]
      const ids = Array.from({ length: 20 }, (_, id) => id)
      const statuses = async () => (await reader.getMany(ids)).map(({ status }) => status)
      await writer.getMany(ids)
      expect(new Set(await statuses())).toEqual(new Set(['hit']))
      await one.invalidate(['author:b3', 'article:7'])
      expect((await statuses()).flatMap((status, id) => (status === 'miss' ? [id] : []))).toEqual([3, 7])
      await one.invalidate(['author:everybody'])
      expect(new Set(await statuses())).toEqual(new Set(['miss']))
      expect(new Set(await statuses())).toEqual(new Set(['hit']))
      await writer.delete(5)
      expect((await reader.get(5)).status).toBe('miss')
      for (const cache of [one, two]) cache.close()
    },
  )

  test.each(clients)('deletes what matches on every master: %s', async (name, client) => {
    const cache = createCache({ store: redis(client()), namespace: `match.${name}`, deadline: '10s' })
    const ids = Array.from({ length: 60 }, (_, id) => id)
    await Promise.all(ids.map((id) => cache.set(cache.key('user', id, 'cart'), id, { ttl: '1m' })))
    await cache.set(cache.key('other'), 1, { ttl: '1m' })
    expect(await cache.deleteMatching('user', anyPart, 'cart')).toEqual({ deleted: 60, complete: true })
    expect((await cache.get(cache.key('other'))).status).toBe('hit')
    cache.close()
  })

  test.each(clients)(
    'reads in one tick beside the keys of a master that hangs what it reads without them: %s',
    async (name, client) => {
      const cache = createCache({ store: redis(client()), namespace: `hang.${name}`, deadline: '500ms' })
      const value = cache.define({ name: 'value', ttl: '5m', input: z.int(), load: (id) => id })
      const ids = Array.from({ length: 12 }, (_, id) => id)
      await value.getMany(ids)
      const hanging = started.cluster.nodes[0]
      hanging?.kill('SIGSTOP')
      try {
        const together = (await value.getMany(ids)).map(({ status }) => status)
        const alone: string[] = []
        for (const id of ids) alone.push((await value.get(id)).status)
        expect(together).toEqual(alone)
        expect(new Set(together)).toEqual(new Set(['hit', 'bypass']))
        // Left alone by now, by its address and not slot by slot: at most one probe goes there.
        const before = cache.counters().storeCalls
        await value.getMany(ids)
        const hits = together.filter((status) => status === 'hit').length
        expect(hits).toBeLessThan(ids.length - 1)
        expect(cache.counters().storeCalls - before).toBeLessThanOrEqual(hits + 1)
      } finally {
        hanging?.kill('SIGCONT')
        cache.close()
      }
    },
  )
})

describeWith('redis', 'a cache on a client of ioredis with a key prefix', () => {
  test('reads, invalidates and deletes what matches below it', async () => {
    const server = await startRedis()
    const plain = new Redis(server.url)
    const client = new Redis(server.url, { keyPrefix: 'a[p*:' })
    const cache = createCache({ store: redis(client), namespace: 'prefixed', deadline: '10s' })
    try {
      const value = cache.define({ name: 'value', ttl: '5m', tags: () => ['tag'], load: () => 1 })
      expect([(await value.get()).status, (await value.get()).status]).toEqual(['miss', 'hit'])
      await cache.invalidate(['tag'])
      expect((await value.get()).status).toBe('miss')
      await cache.set(cache.key('user', 1), 1, { ttl: '1m' })
      expect((await plain.keys('*')).filter((key) => !key.startsWith('a[p*:mp:'))).toEqual([])
      expect(await cache.deleteMatching('user')).toEqual({ deleted: 1, complete: true })
      expect((await cache.get(cache.key('user', 1))).status).toBe('miss')
    } finally {
      cache.close()
      client.disconnect()
      plain.disconnect()
      await server.stop()
    }
  })
})
