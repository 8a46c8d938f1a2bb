import { Redis } from 'ioredis'
import { describeWith, freePort, startRedis } from 'millpond-e2e/servers'
import { afterEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createCache } from '../src/index.ts'
import { redis } from '../src/stores/redis/index.ts'
import { createFakeClock } from '../src/testing/fake-clock.ts'

type Server = Awaited<ReturnType<typeof startRedis>>

/** What a store may do to a cache. Each leaves a server that does not serve, and gives back how to make it serve again. */
const faults: Record<string, (server: Server, admin: Redis) => Promise<() => Promise<Server>>> = {
  async 'hangs (SIGSTOP)'(server) {
    server.kill('SIGSTOP')
    return async () => {
      server.kill('SIGCONT')
      return server
    }
  },
  async 'is killed'(server) {
    await server.stop()
    return () => startRedis({ port: server.port })
  },
  async 'is out of memory'(server, admin) {
    await admin.config('SET', 'maxmemory', '1')
    return async () => {
      await admin.config('SET', 'maxmemory', '0')
      return server
    }
  },
  async 'is a read-only replica'(server, admin) {
    await admin.call('REPLICAOF', '127.0.0.1', String(await freePort()))
    return async () => {
      await admin.call('REPLICAOF', 'NO', 'ONE')
      return server
    }
  },
  async 'closes every connection and asks for a password'(server, admin) {
    await admin.config('SET', 'requirepass', 'changed')
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    return async () => {
      await admin.call('AUTH', 'changed')
      await admin.config('SET', 'requirepass', '')
      return server
    }
  },
}

describeWith('redis', 'a cache whose Redis', () => {
  const closers: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  test.each(Object.keys(faults))(
    '%s answers from the loader, asks less and less, and recovers by itself',
    async (name) => {
      let server = await startRedis()
      closers.push(() => server.stop())
      const client = new Redis(server.url, { maxRetriesPerRequest: 1 })
      const admin = new Redis(server.url, { maxRetriesPerRequest: 1 })
      for (const each of [client, admin]) {
        each.on('error', () => {})
        closers.push(() => each.disconnect())
      }
      const call = vi.spyOn(client, 'call')
      const cache = createCache({ store: redis(client), namespace: 'faults', deadline: '250ms' })
      closers.push(() => cache.close())
      const load = vi.fn((id: number) => id)
      const value = cache.define({ name: 'value', ttl: '5m', input: z.int(), tags: () => ['tag'], load })
      expect((await value.get(0)).status).toBe('miss')
      expect((await value.get(0)).status).toBe('hit')

      const mend = await faults[name]?.(server, admin)
      const during: unknown[] = []
      for (let id = 1; id <= 30; id += 1) during.push((await value.get(id)).value)
      expect(during).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
      expect(await cache.invalidate(['tag'])).toEqual({ delivered: false })
      expect(await value.get(0)).toMatchObject({ status: 'bypass', reason: 'invalidation-pending' })
      const before = call.mock.calls.length
      for (let id = 31; id <= 60; id += 1) await value.get(id)
      // Invalidation pending: no read asks the store; only the retries do.
      expect(call.mock.calls.length - before).toBeLessThan(10)

      if (mend) server = await mend()
      await vi.waitFor(async () => expect((await value.get(0)).status).toBe('hit'), { timeout: 20_000, interval: 20 })
      expect(await cache.invalidate(['tag'])).toEqual({ delivered: true })
      expect(await value.get(0)).toMatchObject({ status: 'miss', reason: 'tag-changed' })
    },
  )

  test.each(['is out of memory', 'is a read-only replica'])(
    '%s is still read, and asked to write five times, then once a second',
    async (name) => {
      const server = await startRedis()
      closers.push(() => server.stop())
      const [client, admin] = [new Redis(server.url), new Redis(server.url)]
      const clock = createFakeClock()
      const cache = createCache({ store: redis(client), namespace: 'faults', clock })
      closers.push(
        () => cache.close(),
        () => client.disconnect(),
        () => admin.disconnect(),
      )
      const value = cache.define({ name: 'value', ttl: '5m', input: z.int(), tags: () => ['tag'], load: (id) => id })
      await value.get(0)
      const mend = await faults[name]?.(server, admin)

      const call = vi.spyOn(client, 'call')
      const read = async (ids: readonly number[]) => {
        call.mockClear()
        const answers: unknown[] = []
        for (const id of ids) answers.push((await value.get(id)).status, (await value.get(0)).status)
        return { answers: [...new Set(answers)], sent: call.mock.calls.map(([command]) => command) }
      }
      const reads = (count: number) => Array<string>(count).fill('MGET')
      const first = await read([1, 2, 3, 4, 5])
      expect(first.answers).toEqual(['bypass', 'hit'])
      expect(first.sent).toEqual(Array.from({ length: 5 }, () => ['MGET', 'EVALSHA', 'MGET']).flat())
      expect(await read([6, 7, 8])).toEqual({ answers: ['bypass', 'hit'], sent: reads(6) })
      await clock.advance(1_000)
      expect(await read([9, 10])).toEqual({ answers: ['bypass', 'hit'], sent: ['MGET', 'EVALSHA', ...reads(3)] })

      await mend?.()
      await clock.advance(1_000)
      expect((await read([11])).answers).toEqual(['miss', 'hit'])
      expect((await read([11])).answers).toEqual(['hit'])
    },
  )

  test('is not there at all serves from the loader', async () => {
    const client = new Redis(await freePort(), '127.0.0.1', { maxRetriesPerRequest: 1 })
    client.on('error', () => {})
    closers.push(() => client.disconnect())
    const cache = createCache({ store: redis(client), namespace: 'faults', deadline: '250ms' })
    const value = cache.define({ name: 'value', ttl: '5m', load: () => 1 })
    for (let turn = 0; turn < 10; turn += 1) expect(await value.get()).toMatchObject({ value: 1, status: 'bypass' })
    const { checks } = await cache.selfTest()
    expect(checks.map(({ ok }) => ok)).toEqual([false, false])
  })
})
