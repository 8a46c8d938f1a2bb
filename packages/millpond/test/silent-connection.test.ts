import { setTimeout } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { describeWith, type StartedRedis, startRedis } from 'millpond-e2e/servers'
import { startTcpProxy, type TcpProxy } from 'millpond-e2e/tcp-proxy'
import { createServer } from 'millpond-rest'
import { createClient } from 'redis'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createCache, createLimiter, slidingWindow } from '../src/index.ts'
import { redis } from '../src/stores/redis/index.ts'
import type { Store } from '../src/stores/store.ts'
import { upstash } from '../src/stores/upstash/index.ts'

type StartProxy = (target: number) => Promise<number>

interface Opened {
  readonly store: Store
  close(): unknown
}

/** Opens a store behind a proxy. Clients are set up as docs/guide/running-redis.md does. */
const openers: Record<string, (start: { redis: StartedRedis; proxy: StartProxy }) => Promise<Opened>> = {
  async ioredis({ redis: { port }, proxy }) {
    const url = `redis://127.0.0.1:${await proxy(port)}`
    const client = new Redis(url, {
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      connectTimeout: 1_000,
      socketTimeout: 1_000,
      retryStrategy: () => 50,
      lazyConnect: true,
    })
    client.on('error', () => {})
    await client.connect()
    return { store: redis(client), close: () => client.disconnect() }
  },
  async 'node-redis'({ redis: { port }, proxy }) {
    const url = `redis://127.0.0.1:${await proxy(port)}`
    const client = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: () => 50 } })
    client.on('error', () => {})
    await client.connect()
    const watchdog = setInterval(async () => {
      const isAlive = client.ping().then(
        () => true,
        () => true,
      )
      if (await Promise.race([isAlive, setTimeout(1_000, false)])) return
      client.destroy()
      await client.connect().catch(() => {})
    }, 1_000)
    return {
      store: redis(client),
      close() {
        clearInterval(watchdog)
        client.destroy()
      },
    }
  },
  async upstash({ redis: { url }, proxy }) {
    const server = await createServer({ redis: url })
    const { port } = new URL(server.url)
    const store = upstash({ url: `http://127.0.0.1:${await proxy(Number(port))}`, token: server.token })
    return { store, close: server.close }
  },
}

describeWith('redis', 'a connection over which nothing passes any more, of which nobody is told', () => {
  test.each(Object.entries(openers))('is replaced, however much is asked: %s', async (_, open) => {
    const server = await startRedis()
    let proxy: TcpProxy | undefined
    const startProxy = async (target: number) => {
      proxy = await startTcpProxy({ target })
      return proxy.port
    }
    const { store, close } = await open({ redis: server, proxy: startProxy })
    const cache = createCache({ store, namespace: 'silent' })
    const value = cache.define({ name: 'value', ttl: '5m', input: z.string(), load: (id) => id })
    const limiter = createLimiter({
      store,
      policies: { each: slidingWindow({ limit: 10_000, window: '60s', onUnavailable: 'open' }) },
    })
    const ask = async () => {
      const [{ status }, decision] = await Promise.all([value.get('a'), limiter.limit('each', 'someone')])
      return `${status} ${decision.status}`
    }
    try {
      await ask()
      expect(await ask()).toBe('hit allowed')
      proxy?.forget()
      expect(await ask()).toBe('bypass degraded')
      while ((await ask()) !== 'hit allowed') await setTimeout(10)
    } finally {
      cache.close()
      limiter.close()
      await close()
      await proxy?.close()
      await server.stop()
    }
  })
})
