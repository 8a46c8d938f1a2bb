import { once } from 'node:events'
import { Redis } from 'ioredis'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { createClient } from 'redis'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createCache } from '../src/index.ts'
import { type RedisClient, redis } from '../src/stores/redis/index.ts'

/** A client of a process that goes, and how it is closed at a shutdown. */
const openers: Record<string, (port: number) => Promise<{ client: RedisClient; quit(): Promise<unknown> }>> = {
  async ioredis(port) {
    const client = new Redis(port)
    await once(client, 'ready')
    return { client, quit: () => client.quit() }
  },
  async 'node-redis'(port) {
    const client = await createClient({ url: `redis://127.0.0.1:${port}` }).connect()
    return { client, quit: () => client.close() }
  },
}

describeWith('redis', 'a process that shuts down', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let staying: Redis
  beforeAll(async () => {
    server = await startRedis()
    staying = new Redis(server.port)
  })
  afterAll(async () => {
    staying?.disconnect()
    await server?.stop()
  })

  test.each(Object.keys(openers))('leaves no lease behind for which another waits: %s', async (name) => {
    const { client, quit } = (await openers[name]?.(server.port)) ?? expect.unreachable()
    const [going, other] = [client, staying].map((client) =>
      createCache({ store: redis(client), namespace: `shutdown.${name}`, deadline: '10s' }),
    )
    if (!going || !other) return expect.unreachable()
    const load = vi.fn(
      (_: undefined, { signal }: { signal: AbortSignal }) =>
        new Promise<string>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    )
    const ended = expect(going.define({ name: 'page', ttl: '5m', load }).get()).rejects.toThrow('aborted')
    await vi.waitFor(() => expect(load).toHaveBeenCalled(), { timeout: 10_000 })
    await going.close()
    await quit()
    await ended
    const page = other.define({ name: 'page', ttl: '5m', load: () => 'anew' })
    expect(await page.get()).toMatchObject({ value: 'anew', status: 'miss' })
    expect(other.counters().waits).toBe(0)
    await other.close()
  })
})
