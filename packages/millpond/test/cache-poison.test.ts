import { Redis } from 'ioredis'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { createServer } from 'millpond-rest'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createCache } from '../src/index.ts'
import type { StoreKey } from '../src/key.ts'
import { memory } from '../src/stores/memory/index.ts'
import { redis } from '../src/stores/redis/index.ts'
import type { Store } from '../src/stores/store.ts'
import { upstash } from '../src/stores/upstash/index.ts'
import { findKeysWithoutTtl } from './keys-without-ttl.ts'

/** Texts that may lie at a key of ours without our doing: bytes of others, our own format of another time, more than anybody would store. */
const now = Date.now().toString(36)
const texts: Record<string, string> = {
  'an empty string': '',
  'random bytes': '\u0000\u00ff\u0080||\n\r\u0000\ufffd',
  'a number': '7',
  __proto__: '__proto__',
  'JSON with __proto__': '{"__proto__":{"polluted":true}}',
  'an entry whose value has __proto__': `m1|1|${now}|5yc0|1|v,w|{"__proto__":{"polluted":true},"loaded":true}`,
  'an entry of another schema version': 'm1|0|mf2k|5yc|1||{"old":true}',
  'an entry of another format': 'm0|1|mf2k|5yc|1||"old"',
  'an entry whose body is no JSON': `m1|1|${now}|5yc0|1|v,w|{"cut`,
  'an entry that names tags of its own': `m1|1|${now}|5yc0|1|v,w;x=__proto__|{"old":true}`,
  'an entry cut short': 'm1|1|mf2k',
  'eleven megabytes': 'x'.repeat(11 * 2 ** 20),
}

/** What only Redis can hold. */
const others: Record<string, (client: Redis, key: string) => Promise<unknown>> = {
  'a list': (client, key) => client.lpush(key, 'a'),
  'a hash with __proto__': (client, key) => client.hset(key, '__proto__', 'polluted'),
  'a set': (client, key) => client.sadd(key, '__proto__'),
  'bytes that are no text': (client, key) => client.set(key, Buffer.from([0, 255, 128, 124, 124, 10, 13, 0])),
}

const FOR_LEASES = new Set(['an empty string', 'random bytes', 'a list', 'eleven megabytes'])

type Poisons = Record<string, (key: StoreKey) => Promise<unknown>>

function provePoison(
  names: readonly string[],
  open: () => { store: Store; poisons: Poisons; clear: () => Promise<unknown> },
) {
  /** A cache with one entry, the keys that it uses, and nothing stored. */
  async function setUp(lease: '500ms' | '20s') {
    const { store, poisons, clear } = open()
    const leases = vi.spyOn(store, 'lease')
    const cache = createCache({ store, namespace: 'poison', lease, deadline: '20s' })
    const value = cache.define({
      name: 'value',
      ttl: '5m',
      input: z.string(),
      tags: () => ['a', 'b'],
      valueTags: () => ['named'],
      load: () => ({ loaded: true }),
    })
    await value.get('__proto__')
    const [request] = leases.mock.calls[0] ?? []
    leases.mockRestore()
    if (!request) throw new TypeError('the first read asks for a lease')
    const named = request.tags[0]?.replace('=a}', '=named}') as StoreKey
    const [tag, , epoch] = request.tags
    const keys = { entry: request.entry, lease: request.lease, tag, epoch, 'tag of the value': named }
    await clear()
    return { cache, value, keys, poisons, store }
  }

  for (const kind of ['entry', 'lease', 'tag', 'epoch', 'tag of the value'] as const) {
    // A lease is only compared, never read, and each of these waits for its end.
    const some = kind === 'lease' ? names.filter((name) => FOR_LEASES.has(name)) : names
    test.each(some)(`at the ${kind}, %s, is a miss, is no error, and heals`, async (name) => {
      // A busy machine must not let it run out between the load and the fill.
      const { cache, value, keys, poisons, store } = await setUp(kind === 'lease' ? '500ms' : '20s')
      const key = keys[kind]
      if (!key) throw new TypeError(`the first read names the ${kind}`)
      await poisons[name]?.(key)
      expect(await value.get('__proto__')).toMatchObject({ value: { loaded: true }, status: 'miss' })
      expect(await value.get('__proto__')).toMatchObject({ value: { loaded: true }, status: 'hit' })
      expect(await cache.invalidate(['named', 'a'])).toEqual({ delivered: true })
      expect((await value.get('__proto__')).status).toBe('miss')
      expect((await value.get('__proto__')).status).toBe('hit')
      expect(({} as { polluted?: boolean }).polluted).toBe(undefined)
      expect(cache.counters()).toMatchObject({ storeErrors: 0 })
      expect(await store.read([keys.entry])).toEqual([expect.stringContaining('m1|')])
    })
  }
}

describe('poison at a key of ours, in memory', () => {
  provePoison(Object.keys(texts), () => {
    const store = memory()
    const seen = new Set<StoreKey>()
    const poisons = Object.fromEntries(
      Object.entries(texts).map(([name, text]) => [name, (key: StoreKey) => store.renew([key], text, 60_000)]),
    )
    const read = (keys: readonly StoreKey[]) => {
      for (const key of keys) seen.add(key)
      return store.read(keys)
    }
    return { store: { ...store, read }, poisons, clear: () => store.remove([...seen]) }
  })
})

describeWith('redis', 'poison at a key of ours, on Redis', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let client: Redis
  let nodeRedis: ReturnType<typeof createClient>
  let rest: Awaited<ReturnType<typeof createServer>>
  beforeAll(async () => {
    server = await startRedis()
    client = new Redis(server.url)
    nodeRedis = createClient({ url: server.url })
    await nodeRedis.connect()
    rest = await createServer({ redis: server.url })
  })
  afterEach(async () => {
    // What was poisoned without a TTL has one again, or is gone: nothing of ours stays for ever.
    const lasting = await findKeysWithoutTtl(client)
    await client.flushall()
    expect(lasting).toEqual([])
  })
  afterAll(async () => {
    await rest?.close()
    nodeRedis?.destroy()
    client?.disconnect()
    await server?.stop()
  })

  const poisons: Poisons = {
    ...Object.fromEntries(
      Object.entries(texts).map(([name, text]) => [name, (key: StoreKey) => client.set(key, text)]),
    ),
    ...Object.fromEntries(Object.entries(others).map(([name, put]) => [name, (key: StoreKey) => put(client, key)])),
  }
  const names = Object.keys(poisons)
  const open = (store: Store) => ({ store, poisons, clear: () => client.flushall() })
  describe('over ioredis', () => provePoison(names, () => open(redis(client))))
  describe('over node-redis', () => provePoison(names, () => open(redis(nodeRedis))))
  describe('over REST', () => provePoison(names, () => open(upstash({ url: rest.url, token: rest.token }))))
})
