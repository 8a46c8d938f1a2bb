import { Redis } from 'ioredis'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createCache } from '../src/index.ts'
import type { StoreKey } from '../src/key.ts'
import { redis } from '../src/stores/redis/index.ts'

/** What may lie at a key of ours without our doing: another type, bytes of others, our own format of another time, more than anybody would store. */
const poisons: Record<string, (client: Redis, key: string) => Promise<unknown>> = {
  'a list': (client, key) => client.lpush(key, 'a'),
  'a hash': (client, key) => client.hset(key, '__proto__', 'polluted'),
  'an empty string': (client, key) => client.set(key, ''),
  'random bytes': (client, key) => client.set(key, Buffer.from([0, 255, 128, 124, 124, 10, 13, 0])),
  JSON: (client, key) => client.set(key, '{"__proto__":{"polluted":true}}'),
  'an entry of another schema version': (client, key) => client.set(key, 'm1|0|mf2k|5yc|1||{"old":true}'),
  'an entry of another format': (client, key) => client.set(key, 'm0|1|mf2k|5yc|1||"old"'),
  'an entry whose body is no JSON': (client, key) =>
    client.set(key, `m1|1|${Date.now().toString(36)}|5yc0|1|v,w|{"cut`),
  'an entry cut short': (client, key) => client.set(key, 'm1|1|mf2k'),
  'eleven megabytes': (client, key) => client.set(key, 'x'.repeat(11 * 2 ** 20)),
}

describeWith('redis', 'poison at a key of ours', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let client: Redis
  beforeAll(async () => {
    server = await startRedis()
    client = new Redis(server.url)
  })
  afterEach(() => client.flushall())
  afterAll(async () => {
    client?.disconnect()
    await server?.stop()
  })

  /** A cache with one entry, the keys that it uses, and nothing stored. */
  async function setUp() {
    const store = redis(client)
    const lease = vi.spyOn(store, 'lease')
    const cache = createCache({ store, namespace: 'poison', lease: '200ms', deadline: '5s' })
    const value = cache.define({ name: 'value', ttl: '5m', tags: () => ['a', 'b'], load: () => ({ loaded: true }) })
    await value.get()
    const [request] = lease.mock.calls[0] ?? []
    await client.flushall()
    if (!request) throw new TypeError('the first read asks for a lease')
    return { value, keys: { entry: request.entry, lease: request.lease, tag: request.tags[0] as StoreKey } }
  }

  for (const kind of ['entry', 'lease', 'tag'] as const) {
    test.each(Object.keys(poisons))(`at the ${kind}, %s, is a miss, is no error, and heals`, async (name) => {
      const { value, keys } = await setUp()
      await poisons[name]?.(client, keys[kind])
      const first = await value.get()
      expect(first).toMatchObject({ value: { loaded: true }, status: 'miss' })
      expect(await value.get()).toMatchObject({ value: { loaded: true }, status: 'hit' })
      expect(({} as { polluted?: boolean }).polluted).toBe(undefined)
      expect(await client.pttl(keys.entry)).toBeGreaterThan(0)
      expect(await client.pttl(keys.tag)).toBeGreaterThan(0)
    })
  }
})
