import { Cluster, Redis } from 'ioredis'
import OldIoredis from 'ioredis-5-0'
import { describeWith, SENTINEL_MASTER, startRedis, startRedisSentinel } from 'millpond-e2e/servers'
import { createClient, createClientPool, createSentinel, RESP_TYPES } from 'redis'
import { createClient as createOldClient } from 'redis-5-0'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createCache, createLimiter, slidingWindow } from '../src/index.ts'
import { redis } from '../src/stores/redis/index.ts'
import type { Store } from '../src/stores/store.ts'
import { runContract } from './run-contract.ts'

/** Everything that comes as a string or a number by default, as something else. */
const asBuffers = {
  typeMapping: {
    [RESP_TYPES.BLOB_STRING]: Buffer,
    [RESP_TYPES.SIMPLE_STRING]: Buffer,
    [RESP_TYPES.NUMBER]: String,
  },
}

interface Opened {
  readonly store: Store
  close(): void
}

function overIoredis(client: Redis | OldIoredis.default): Opened {
  client.on('error', () => {})
  return { store: redis(client), close: () => client.disconnect() }
}

/** The oldest that package.json names as peers. */
const oldest: Record<string, (url: string) => Opened | Promise<Opened>> = {
  'ioredis 5.0': (url) => overIoredis(new OldIoredis.default(url)),
  'node-redis 5.0': async (url) => {
    const client = await createOldClient({ url }).connect()
    return { store: redis(client), close: () => client.destroy() }
  },
}

const clients: Record<string, (url: string) => Opened | Promise<Opened>> = {
  'ioredis with numbers as strings': (url) => overIoredis(new Redis(url, { stringNumbers: true })),
  'ioredis with pipelines of its own': (url) => overIoredis(new Redis(url, { enableAutoPipelining: true })),
  'ioredis with a prefix and a database': (url) => overIoredis(new Redis(url, { keyPrefix: 'app:', db: 3 })),
  'ioredis over protocol 3': (url) => overIoredis(new Redis(url, { protocol: 3 })),
  'node-redis over protocol 2': async (url) => {
    const client = await createClient({ url, RESP: 2 }).connect()
    return { store: redis(client), close: () => client.destroy() }
  },
  'node-redis that gives Buffers': async (url) => {
    const client = await createClient({ url, commandOptions: asBuffers }).connect()
    return { store: redis(client), close: () => client.destroy() }
  },
  'a pool of node-redis that gives Buffers': async (url) => {
    const client = createClientPool({ url, commandOptions: asBuffers }, { minimum: 2, maximum: 2 })
    await client.connect()
    return { store: redis(client), close: () => client.destroy() }
  },
}

describeWith('redis', 'redis() over clients that are set up otherwise, or older', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.stop())
  runEach({ ...clients, ...oldest }, () => server.url)
})

const behindSentinels: Record<string, (port: number) => Opened | Promise<Opened>> = {
  ioredis: (port) =>
    overIoredis(
      new Redis({
        sentinels: [{ host: '127.0.0.1', port }],
        name: SENTINEL_MASTER,
        maxRetriesPerRequest: 0,
        retryStrategy: () => 50,
        sentinelRetryStrategy: () => 50,
      }),
    ),
  'node-redis': async (port) => {
    const client = createSentinel({
      name: SENTINEL_MASTER,
      sentinelRootNodes: [{ host: '127.0.0.1', port }],
      // Without it 6.3.1 loses connections when commands overlap.
      reserveClient: true,
      maxCommandRediscovers: 0,
      masterPoolSize: 2,
      replicaPoolSize: 1,
      commandOptions: asBuffers,
      scanInterval: 100,
    })
    client.on('error', () => {})
    await client.connect()
    return { store: redis(client), close: () => void client.destroy() }
  },
}

describeWith('redis', 'redis() behind sentinels', () => {
  let started: Awaited<ReturnType<typeof startRedisSentinel>>
  beforeAll(async () => {
    started = await startRedisSentinel()
  })
  afterAll(() => started?.stop())
  runEach(behindSentinels, () => started.port)

  test('cache and limiter go on with the new master', async () => {
    const opened = await Promise.all(Object.values(behindSentinels).map((open) => open(started.port)))
    const users = opened.map(({ store }) => {
      const cache = createCache({ store, namespace: 'sentinels' })
      return {
        cache,
        value: cache.define({ name: 'value', ttl: '5m', input: z.number(), load: (turn) => turn }),
        limiter: createLimiter({
          store,
          policies: { each: slidingWindow({ limit: 1_000, window: '60s', onUnavailable: 'closed' }) },
        }),
      }
    })
    started.master.kill('SIGKILL')
    for (const { cache, value, limiter } of users) {
      for (;;) {
        const { status } = await value.get(0)
        const decision = await limiter.take({ policy: 'each', key: 'someone' })
        expect(['hit', 'miss', 'bypass']).toContain(status)
        if (status === 'hit' && decision.status === 'allowed') break
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      cache.close()
    }
    for (const { close } of opened) close()
  })
})

describe('redis() refuses a client that reads from replicas', () => {
  test.each([
    ['scaleReads', '"slave"', () => new Cluster([], { lazyConnect: true, scaleReads: 'slave' })],
    [
      'scaleReads',
      'function',
      () => new Cluster([], { lazyConnect: true, scaleReads: (nodes: Redis[]) => nodes[0] as Redis }),
    ],
    ['role', '"slave"', () => new Redis({ lazyConnect: true, sentinels: [{ port: 1 }], name: 'main', role: 'slave' })],
  ] as const)('%s %s', (option, value, create) => {
    expect(() => redis(create())).toThrow(
      new TypeError(
        `Cannot create a Redis store: "${option}" must be "master", received ${value}: a replica may not know of an invalidation yet`,
      ),
    )
  })
})

function runEach<Where>(openers: Record<string, (where: Where) => Opened | Promise<Opened>>, where: () => Where): void {
  describe.each(Object.entries(openers))('%s', (_, open) => {
    let opened: Opened
    beforeAll(async () => {
      opened = await open(where())
    })
    afterAll(() => opened?.close())
    runContract(() => opened.store)
  })
}
