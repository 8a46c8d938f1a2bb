import { Cluster, Redis } from 'ioredis'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { createClient, createClientPool, createCluster, createSentinel } from 'redis'
import { createClient as createOldClient } from 'redis-5-0'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createLocalTier } from '../src/cache/local-tier.ts'
import { type Cache, createCache, type Push, StoreUnavailableError } from '../src/index.ts'
import { redis } from '../src/stores/redis/index.ts'
import { tracking } from '../src/stores/redis/tracking.ts'
import type { Clock } from '../src/time/clock.ts'
import { findKeysWithoutTtl } from './keys-without-ttl.ts'

const wait = { timeout: 20_000, interval: 5 }

describeWith('redis', 'tracking()', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let ioredis: Redis
  let prefixed: Redis
  let nodeRedis: ReturnType<typeof createClient>
  const caches: Cache[] = []

  beforeAll(async () => {
    server = await startRedis()
    ioredis = new Redis(server.url)
    prefixed = new Redis(server.url, { keyPrefix: 'app:[*' })
    nodeRedis = createClient({ url: server.url })
    await nodeRedis.connect()
  })
  afterEach(async () => {
    for (const cache of caches.splice(0)) cache.close()
    await vi.waitFor(async () => expect(await listeners()).toEqual([]), wait)
    expect(await findKeysWithoutTtl(ioredis)).toEqual([])
  })
  afterAll(async () => {
    ioredis?.disconnect()
    prefixed?.disconnect()
    nodeRedis?.destroy()
    await server?.stop()
  })

  /** The ids of the connections that listen for changes. */
  async function listeners(): Promise<string[]> {
    const list = String(await ioredis.call('CLIENT', 'LIST'))
    const lines = list.split('\n').filter((line) => /flags=\w*B/.test(line))
    return lines.map((line) => /\bid=(\d+)/.exec(line)?.[1] ?? '')
  }

  const database = new Map<string, string>()
  /** A process of its own: a local tier that by itself would be an hour behind. */
  function connect(push?: Push, client = ioredis) {
    const cache = createCache({ store: redis(client), namespace: 'tracked', push, deadline: '10s', random: () => 0.5 })
    caches.push(cache)
    const value = cache.define({
      name: 'value',
      ttl: '2h',
      local: '1h',
      input: z.string(),
      tags: (id) => [`id:${id}`, 'all'],
      load: (id) => database.get(id) ?? 'none',
    })
    const read = async (id: string) => (await value.get(id)).value
    /** Reads until the answer comes from this process. */
    const settle = (id: string) => vi.waitFor(async () => expect((await value.get(id)).reason).toBe('local'), wait)
    return { cache, value, read, settle }
  }

  const clients = { ioredis: () => tracking(ioredis), 'node-redis': () => tracking(nodeRedis) }

  describe.each(Object.entries(clients))('over %s', (_, track) => {
    async function connectTwo() {
      database.clear()
      await ioredis.flushall()
      const writer = connect()
      const reader = connect(track())
      await vi.waitFor(async () => expect(await listeners()).toHaveLength(1), wait)
      return { writer, reader }
    }

    test.each(['tag', 'key', 'everything'])('an invalidation by %s elsewhere is seen at once', async (by) => {
      const { writer, reader } = await connectTwo()
      database.set('a', 'old')
      await reader.read('a')
      await reader.settle('a')
      database.set('a', 'new')
      if (by === 'tag') await writer.cache.invalidate(['id:a'])
      else if (by === 'key') await writer.value.delete('a')
      else await ioredis.flushall()
      await vi.waitFor(async () => expect(await reader.read('a')).toBe('new'), wait)
    })

    test('a load elsewhere of something that shares a tag drops nothing', async () => {
      const { writer, reader } = await connectTwo()
      /** Changes come in their order: when a later one is here, all earlier ones were. */
      const hearAll = async (id: string) => {
        database.set(id, 'old')
        await reader.read(id)
        await reader.settle(id)
        database.set(id, 'new')
        await writer.value.delete(id)
        await vi.waitFor(async () => expect(await reader.read(id)).toBe('new'), wait)
      }
      await reader.read('a')
      await hearAll('b')
      await reader.settle('a')
      await writer.read('c')
      await hearAll('d')
      expect((await reader.value.get('a')).reason).toBe('local')
    })

    test('when its connection is lost it comes back, and what changed meanwhile is seen', async () => {
      const { writer, reader } = await connectTwo()
      database.set('a', 'old')
      await reader.read('a')
      await reader.settle('a')
      const [id = ''] = await listeners()
      await ioredis.call('CLIENT', 'KILL', 'ID', id)
      database.set('a', 'new')
      await writer.cache.invalidate(['id:a'])
      await vi.waitFor(async () => expect(await reader.read('a')).toBe('new'), wait)
      await vi.waitFor(async () => expect(await listeners()).toHaveLength(1), wait)
      expect(await listeners()).not.toEqual([id])
      expect(reader.cache.counters().storeErrors).toBeGreaterThanOrEqual(1)
      await reader.settle('a')
      database.set('a', 'newer')
      await writer.cache.invalidate(['all'])
      await vi.waitFor(async () => expect(await reader.read('a')).toBe('newer'), wait)
    })

    test('leaves the client that it was given as it was', async () => {
      const { reader } = await connectTwo()
      await reader.read('a')
      const info = JSON.stringify(await ioredis.call('CLIENT', 'TRACKINGINFO'))
      expect(info).toContain('"off"')
      expect(JSON.stringify(await nodeRedis.sendCommand(['CLIENT', 'TRACKINGINFO']))).toContain('"off"')
      await nodeRedis.set('own', '1', { EX: 60 })
      expect(await ioredis.get('own')).toBe('1')
    })
  })

  test('hears of keys with the prefix of its client', async () => {
    await ioredis.flushall()
    const [writer, reader] = [connect(undefined, prefixed), connect(tracking(prefixed), prefixed)]
    await vi.waitFor(async () => expect(await listeners()).toHaveLength(1), wait)
    database.set('a', 'old')
    await reader.read('a')
    await reader.settle('a')
    database.set('a', 'new')
    await writer.cache.invalidate(['id:a'])
    await vi.waitFor(async () => expect(await reader.read('a')).toBe('new'), wait)
  })

  test('listens where the socket of a node-redis client leads, not where one without would', async () => {
    const { hostname: host, port } = new URL(server.url)
    const client = createClient({ socket: { host, port: Number(port) } })
    const here = connect(tracking(client))
    await here.settle('a')
    database.set('a', 'moved')
    await connect().value.delete('a')
    await vi.waitFor(async () => expect(await here.read('a')).toBe('moved'), wait)
    database.clear()
  })

  test('needs of a user of the server what the guide gives, and the channel of invalidations', async () => {
    const rules = '~mp:* +mget +get +set +evalsha +eval +ping +info +client|id +client|tracking'.split(' ')
    await ioredis.call('ACL', 'SETUSER', 'app', 'on', '>password', ...rules, '+subscribe', '&__redis__:invalidate')
    const options = { username: 'app', password: 'password' }
    const client = new Redis(server.port, '127.0.0.1', options)
    const nodeClient = createClient({ url: server.url, ...options })
    await nodeClient.connect()
    connect(tracking(client))
    connect(tracking(nodeClient))
    await vi.waitFor(async () => expect(await listeners()).toHaveLength(2), wait)
    client.disconnect()
    nodeClient.destroy()
  })

  test('without a server to listen to, reads go on as without it', async () => {
    await ioredis.flushall()
    const away = ioredis.duplicate({ lazyConnect: true, port: 1 })
    const { cache, read } = connect(tracking(away))
    database.set('a', 'value')
    expect(await read('a')).toBe('value')
    await vi.waitFor(() => expect(cache.counters().storeErrors).toBeGreaterThanOrEqual(2), wait)
    expect(await read('a')).toBe('value')
    away.disconnect()
  })

  /** Listens by a clock of the test, which is told of each pause and ends it when it is asked to. */
  function listen(push: Push) {
    const pauses: { ms: number; background: boolean | undefined; end: () => void; cancelled: boolean }[] = []
    const reports: unknown[] = []
    const clock: Clock = {
      now: () => 0,
      after(ms, end, options) {
        const pause = { ms, background: options?.background, end, cancelled: false }
        pauses.push(pause)
        return () => {
          pause.cancelled = true
        }
      },
    }
    const clear = vi.fn()
    const { stop } = push.attach(
      { ...createLocalTier({ clock, maxBytes: 1_000 }), clear },
      {
        prefixes: ['mp:tracked:e{'],
        mark: () => 1,
        clock,
        report: (event) => reports.push(event),
      },
    )
    const paused = (count: number) => vi.waitFor(() => expect(pauses).toHaveLength(count), wait)
    /** Each time it begins to listen it forgets everything: what changed before was not heard. */
    const listening = (count: number) => vi.waitFor(() => expect(clear).toHaveBeenCalledTimes(count), wait)
    return { pauses, reports, stop, paused, listening }
  }

  test('tries again ever later while there is no server, and not once it has stopped', async () => {
    const away = new Redis({ host: '127.0.0.1', port: 1, lazyConnect: true })
    const { pauses, reports, stop, paused } = listen(tracking(away))
    for (let count = 1; count <= 8; count += 1) {
      await paused(count)
      if (count < 8) pauses.at(-1)?.end()
    }
    expect(pauses.map(({ ms }) => ms)).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
    // Nobody waits for it: it keeps no process alive.
    expect(pauses.every(({ background }) => background)).toBe(true)
    const error = new StoreUnavailableError('Cannot listen for changes: the connection failed')
    expect(reports).toEqual(Array(8).fill({ type: 'store-error', operation: 'push', error }))
    expect(pauses.at(-1)?.cancelled).toBe(false)
    stop()
    expect(pauses.at(-1)?.cancelled).toBe(true)
  })

  test.each(Object.entries(clients))('over %s tries again soon where it could listen before', async (_, track) => {
    const { pauses, reports, stop, paused, listening } = listen(track())
    for (let count = 1; count <= 3; count += 1) {
      await listening(count)
      await ioredis.call('CLIENT', 'KILL', 'ID', (await listeners())[0] ?? '')
      await paused(count)
      pauses.at(-1)?.end()
    }
    expect(pauses.map(({ ms }) => ms)).toEqual([100, 100, 100])
    await listening(4)
    stop()
    await vi.waitFor(async () => expect(await listeners()).toEqual([]), wait)
    expect([pauses.length, reports.length]).toEqual([3, 3])
  })

  test('throws for what is no client of a single server, or one that never says what it hears', () => {
    const address = { host: '127.0.0.1', port: 1 }
    const others: readonly (readonly [unknown, string])[] = [
      [new Cluster([address], { lazyConnect: true }), 'a cluster'],
      [createCluster({ rootNodes: [{ url: 'redis://127.0.0.1:1' }] }), 'a cluster'],
      [createSentinel({ name: 'main', sentinelRootNodes: [address] }), 'one with sentinels'],
      [createClientPool(), 'object'],
      [null, 'null'],
      ['redis://', 'string'],
    ]
    for (const [client, received] of others)
      expect(() => tracking(client as never)).toThrow(
        new TypeError(
          `Cannot track changes: "client" must be a client of ioredis or node-redis for a single server, received ${received}`,
        ),
      )
    expect(() => tracking(createOldClient())).toThrow(
      new TypeError('Cannot track changes: "client" of node-redis must be of 5.9 or later'),
    )
  })
})
