import { Cluster } from 'ioredis'
import OldIoredis from 'ioredis-5-0'
import { describeWith, startRedisCluster } from 'millpond-e2e/servers'
import { createCluster } from 'redis'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createCache } from '../src/index.ts'
import { type RedisClient, redis } from '../src/stores/redis/index.ts'

type Started = Awaited<ReturnType<typeof startRedisCluster>>

interface Opened {
  readonly client: RedisClient
  /** Connects, where the client does not do so by itself. */
  connect?(): Promise<unknown>
  close(): unknown
}

/** Each knows one node to begin with, as who is given a configuration endpoint does. */
const openers = {
  ioredis({ nodes: [first] }: Started): Opened {
    const client = new Cluster([{ host: '127.0.0.1', port: first?.port ?? 0 }])
    client.on('error', () => {})
    return { client, close: () => client.disconnect() }
  },
  'ioredis 5.0'({ nodes: [first] }: Started): Opened {
    const client = new OldIoredis.Cluster([{ host: '127.0.0.1', port: first?.port ?? 0 }])
    client.on('error', () => {})
    return { client, close: () => client.disconnect() }
  },
  'node-redis'({ nodes: [first] }: Started): Opened {
    const client = createCluster({ rootNodes: [{ url: first?.url ?? '' }] })
    client.on('error', () => {})
    return { client, connect: () => client.connect(), close: () => client.destroy() }
  },
}

const IDS = Array.from({ length: 60 }, (_, id) => id)

describeWith('redis', 'deleteMatching() on a cluster', () => {
  let cluster: Started
  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterAll(() => cluster?.stop())

  const connect = (client: RedisClient, name: string) =>
    createCache({ store: redis(client), namespace: `scan.${name.replace(' ', '-')}`, deadline: '2s' })

  test.each(Object.entries(openers))(
    'is not complete before the masters are known, nor after the client ended: %s',
    async (name, open) => {
      const writer = open(cluster)
      await writer.connect?.()
      const written = connect(writer.client, name)
      await Promise.all(IDS.map((id) => written.set(written.key('user', id), id, { ttl: '5m' })))
      const reader = open(cluster)
      const cache = connect(reader.client, name)
      const first = await cache.deleteMatching('user')
      // What connects by itself has found them all, what does not has found none.
      expect(first).toEqual(reader.connect ? { deleted: 0, complete: false } : { deleted: IDS.length, complete: true })
      await reader.close()
      expect(await cache.deleteMatching('user')).toEqual({ deleted: 0, complete: false })
      await writer.close()
      for (const each of [written, cache]) each.close()
    },
  )

  test('is not complete while a master is away, also where the client has forgotten it', async () => {
    const opened = await Promise.all(
      Object.entries(openers).map(async ([name, open]) => {
        const { client, connect: begin, close } = open(cluster)
        await begin?.()
        const cache = connect(client, `away-${name}`)
        await Promise.all(IDS.map((id) => cache.set(cache.key('user', id), id, { ttl: '5m' })))
        return { client, cache, close }
      }),
    )
    cluster.nodes[1]?.kill('SIGKILL')
    for (const { client, cache } of opened) {
      if ('nodes' in client)
        await vi.waitFor(
          async () => {
            // A client that has read the slots anew knows the dead master again, until a command fails there.
            expect(await cache.deleteMatching('user')).toMatchObject({ complete: false })
            expect(client.nodes?.('master')).toHaveLength(2)
          },
          { timeout: 20_000 },
        )
      for (let turn = 0; turn < 3; turn += 1)
        expect(await cache.deleteMatching('user')).toMatchObject({ complete: false })
    }
    for (const { cache, close } of opened) {
      cache.close()
      await close()
    }
  })
})
