import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Cluster } from 'ioredis'
import { describeWith } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createCache, createLimiter, fixedWindow, slidingWindow } from '../src/index.ts'
import { redis } from '../src/stores/redis/index.ts'
import { startClusterClients } from './start-cluster-clients.ts'

const LIMIT = 40
const KEYS = Array.from({ length: 60 }, (_, index) => `key ${index}`)

describeWith('redis', 'a cluster whose slots move while it is used', () => {
  let started: Awaited<ReturnType<typeof startClusterClients>>
  beforeAll(async () => {
    started = await startClusterClients()
  })
  afterAll(() => started?.stop())

  test.each(['ioredis', 'nodeRedis'] as const)(
    'serves nothing stale and admits no more than the limit: %s',
    async (kind) => {
      const store = redis(started[kind])
      const database = new Map<string, number>()
      const cache = createCache({ store, namespace: kind.toLowerCase() })
      const value = cache.define({
        name: 'value',
        ttl: '5m',
        input: z.string(),
        tags: (id) => [`a ${id}`, `b ${id}`],
        load: (id) => database.get(id) ?? 0,
      })
      const limiter = createLimiter({
        store,
        namespace: kind.toLowerCase(),
        policies: {
          sliding: slidingWindow({ limit: LIMIT, window: '1h', onUnavailable: 'closed' }),
          fixed: fixedWindow({ limit: LIMIT, window: '1d', onUnavailable: 'closed' }),
        },
      })
      const admitted = new Map<string, number>()
      let moving = true
      const use = async (id: string) => {
        while (moving) {
          expect((await value.get(id)).value).toBe(database.get(id) ?? 0)
          const decision = await limiter.take([
            { policy: 'sliding', key: id },
            { policy: 'fixed', key: id },
          ])
          if (decision.status === 'allowed') admitted.set(id, (admitted.get(id) ?? 0) + 1)
          database.set(id, (database.get(id) ?? 0) + 1)
          await cache.invalidate([`${Math.random() < 0.5 ? 'a' : 'b'} ${id}`])
          await value.get(id)
          expect((await value.get(id)).value).toBe(database.get(id))
        }
      }
      const users = KEYS.map(use)
      await moveSlots(started.cluster.nodes.map(({ port }) => port)).finally(() => {
        moving = false
      })
      await Promise.all(users)
      // Keys that were used while they moved.
      expect(await countRedirections(started.ioredis)).toBeGreaterThan(0)
      expect(admitted.size).toBe(KEYS.length)
      for (const count of admitted.values()) expect(count).toBeLessThanOrEqual(LIMIT)
      cache.close()
      limiter.close()
    },
  )
})

const cli = promisify(execFile)

/** Gives a thousand slots of each master to the next. */
async function moveSlots(ports: readonly number[]): Promise<void> {
  const toId = async (port: number) => (await cli('redis-cli', ['-p', String(port), 'cluster', 'myid'])).stdout.trim()
  const ids = await Promise.all(ports.map(toId))
  for (const [index, from] of ids.entries()) {
    const to = ids[(index + 1) % ids.length] ?? ''
    const options = ['--cluster-from', from, '--cluster-to', to, '--cluster-slots', '1000', '--cluster-yes']
    await cli('redis-cli', ['--cluster', 'reshard', `127.0.0.1:${ports[0]}`, ...options, '--cluster-pipeline', '1'])
  }
}

async function countRedirections(cluster: Cluster): Promise<number> {
  const infos = await Promise.all(cluster.nodes('master').map((node) => node.info('errorstats')))
  const counts = infos.join().matchAll(/errorstat_(?:MOVED|ASK|TRYAGAIN):count=(\d+)/g)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}
