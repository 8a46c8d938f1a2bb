import { setTimeout } from 'node:timers/promises'
import { Cluster } from 'ioredis'
import { describeWith, startRedisCluster } from 'millpond-e2e/servers'
import { createCluster } from 'redis'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createCache, createLimiter, slidingWindow } from '../src/index.ts'
import { type RedisClient, redis } from '../src/stores/redis/index.ts'

type Started = Awaited<ReturnType<typeof startRedisCluster>>

/** Set up as docs/guide/running-redis.md does. */
const openers: Record<string, (started: Started) => Promise<{ client: RedisClient; close(): void }>> = {
  async ioredis({ nodes }) {
    const client = new Cluster(
      nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
      { retryDelayOnFailover: 0, redisOptions: { socketTimeout: 1_000 } },
    )
    client.on('error', () => {})
    return { client, close: () => client.disconnect() }
  },
  async 'node-redis'({ nodes }) {
    const client = createCluster({
      rootNodes: nodes.map(({ url }) => ({ url })),
      defaults: { disableOfflineQueue: true, socket: { reconnectStrategy: () => 50 } },
    })
    client.on('error', () => {})
    await client.connect()
    return { client, close: () => client.destroy() }
  },
}

const KEYS = Array.from({ length: 60 }, (_, index) => String(index))

function use(client: RedisClient) {
  const store = redis(client)
  // Long: a busy machine is not an outage.
  const deadline = '1s'
  const cache = createCache({ store, namespace: 'outage', deadline })
  const value = cache.define({ name: 'value', ttl: '5m', input: z.string(), tags: (id) => [id], load: (id) => id })
  const limiter = createLimiter({
    store,
    deadline,
    policies: { each: slidingWindow({ limit: 10_000, window: '1h', onUnavailable: 'closed' }) },
  })
  /** Reads and takes for every key at once, in random order; which were answered by the store. */
  const round = async () => {
    const [hits, allowed] = [new Set<string>(), new Set<string>()]
    const ask = async (key: string) => {
      const [{ status }, decision] = await Promise.all([value.get(key), limiter.limit('each', key)])
      if (status === 'hit') hits.add(key)
      if (decision.status === 'allowed') allowed.add(key)
    }
    const order = KEYS.map((key) => ({ key, at: Math.random() })).sort((a, b) => a.at - b.at)
    await Promise.all(order.map(({ key }) => ask(key)))
    return { hits, allowed }
  }
  const until = async (isSo: (answered: Awaited<ReturnType<typeof round>>) => boolean) => {
    for (;;) {
      const answered = await round()
      if (isSo(answered)) return answered
      await setTimeout(20)
    }
  }
  const isWhole = ({ hits, allowed }: Awaited<ReturnType<typeof round>>) =>
    hits.size === KEYS.length && allowed.size === KEYS.length
  return {
    round,
    until,
    isWhole,
    stop() {
      cache.close()
      limiter.close()
    },
  }
}

describeWith('redis', 'a cluster of which one master is gone', () => {
  const withCluster = async (
    open: (started: Started) => Promise<{ client: RedisClient; close(): void }>,
    replicas: number,
    run: (started: Started, client: RedisClient) => Promise<void>,
  ) => {
    const started = await startRedisCluster({ replicas })
    try {
      const { client, close } = await open(started)
      await run(started, client).finally(close)
    } finally {
      await started.stop()
    }
  }

  test.each(Object.entries(openers))('serves all again when its replica has taken over: %s', (_, open) =>
    withCluster(open, 1, async ({ nodes }, client) => {
      const { until, isWhole, stop } = use(client)
      await until(isWhole)
      nodes[0]?.kill('SIGKILL')
      expect(isWhole(await until((answered) => !isWhole(answered)))).toBe(false)
      await until(isWhole)
      stop()
    }),
  )

  const signals = ['SIGKILL', 'SIGSTOP'] as const
  const cases = Object.entries(openers).flatMap(([name, open]) =>
    signals.map((signal) => [name, signal, open] as const),
  )
  test.each(cases)('has limits for what the other masters have: %s, %s', (_, signal, open) =>
    withCluster(open, 0, async ({ nodes }, client) => {
      const { round, until, isWhole, stop } = use(client)
      await until(isWhole)
      nodes[0]?.kill(signal)
      await until(({ allowed }) => allowed.size < KEYS.length)
      const { allowed } = await until((answered) => answered.allowed.size > KEYS.length / 3)
      for (let turn = 0; turn < 20; turn += 1) {
        const now = (await round()).allowed
        expect([...allowed].filter((key) => !now.has(key))).toEqual([])
      }
      stop()
    }),
  )
})
