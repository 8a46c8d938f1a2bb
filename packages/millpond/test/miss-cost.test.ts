import { Redis } from 'ioredis'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createCache } from '../src/index.ts'
import { redis } from '../src/stores/redis/index.ts'

const NOT_OURS = new Set(['info', 'config|resetstat', 'hello', 'client|setinfo', 'select'])

describeWith('redis', 'what the server is asked for', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let client: Redis
  let admin: Redis
  beforeAll(async () => {
    server = await startRedis()
    client = new Redis(server.url)
    admin = new Redis(server.url)
    await client.ping()
  })
  afterAll(async () => {
    client?.disconnect()
    admin?.disconnect()
    await server?.stop()
  })

  /** What the client sent, one list for each time that it had nothing to wait for; and the commands that the server ran, those in scripts among them. */
  async function costOf(operation: () => Promise<unknown>) {
    const trips: string[][] = []
    let waiting = 0
    const send = client.sendCommand.bind(client)
    const spy = vi.spyOn(client, 'sendCommand').mockImplementation((command, ...rest) => {
      if (waiting === 0) trips.push([])
      trips.at(-1)?.push(command.name)
      waiting += 1
      void command.promise.finally(() => {
        waiting -= 1
      })
      return send(command, ...rest)
    })
    await admin.config('RESETSTAT')
    await operation()
    spy.mockRestore()
    const ran = [...(await admin.info('commandstats')).matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)]
    const commands = ran.reduce((sum, [, name = '', calls]) => sum + (NOT_OURS.has(name) ? 0 : Number(calls)), 0)
    return { trips, commands }
  }

  const cache = (namespace: string) => createCache({ store: redis(client), namespace, deadline: '10s' })
  const LOOK_LEASE_FILL = [['MGET'], ['EVALSHA'], ['EVALSHA']]

  test.each([
    { tags: [], commands: 8 },
    { tags: ['a'], commands: 10 },
    { tags: ['a', 'b'], commands: 11 },
  ])(
    'a miss with the tags $tags is 3 round trips and $commands commands, a hit 1 and 1',
    async ({ tags, commands }) => {
      const input = z.string()
      const value = cache(`tags-${tags.length}`).define({
        name: 'v',
        ttl: '1m',
        input,
        tags: () => tags,
        load: () => 1,
      })
      // The first miss also sends the scripts' sources.
      await value.get('first')
      expect(await costOf(() => value.get('second'))).toEqual({ trips: LOOK_LEASE_FILL, commands })
      expect(await costOf(() => value.get('second'))).toEqual({ trips: [['MGET']], commands: 1 })
    },
  )

  test('a miss whose value names a tag is 1 round trip more when it is new, none when the process knows it', async () => {
    const { define, invalidate } = cache('value-tags')
    const load = (id: string) => ({ by: `author:${id}` })
    const value = define({ name: 'v', ttl: '1m', input: z.string(), load, valueTags: ({ by }) => [by] })
    await value.get('first')
    const unknown = await costOf(() => value.get('second'))
    expect(unknown).toEqual({ trips: [...LOOK_LEASE_FILL, ['EVALSHA']], commands: 14 })
    await invalidate(['author:second'])
    expect((await costOf(() => value.get('second'))).trips).toEqual(LOOK_LEASE_FILL)
    expect(await costOf(() => value.get('second'))).toEqual({ trips: [['MGET']], commands: 1 })
  })

  test('invalidating 3 tags is 1 round trip and 4 commands', async () => {
    const { invalidate } = cache('invalidate')
    expect(await costOf(() => invalidate(['a', 'b', 'c']))).toEqual({
      trips: [['SET', 'SET', 'SET', 'SET']],
      commands: 4,
    })
  })

  test('what it writes lives as long as it should: a lease 10 s, an entry its TTL, a tag longer than any entry and at most twice as long', async () => {
    const HOUR_MS = 3_600_000
    const { define, invalidate } = cache('lives')
    const lives = async () => {
      const keys = (await admin.keys('*lives*')).sort()
      return Promise.all(keys.map((key) => admin.pttl(key)))
    }
    let loading: readonly number[] = []
    const load = async () => {
      loading = await lives()
      return { by: 'me' }
    }
    const value = define({ name: 'v', ttl: '3h', tags: () => ['a'], load, valueTags: ({ by }) => [by] })
    await value.get()
    const [lease, ...tags] = [...loading].sort((a, b) => a - b)
    expect(lease).toBeGreaterThan(0)
    expect(lease).toBeLessThanOrEqual(10_000)
    expect(tags.map((ms) => ms > 3 * HOUR_MS && ms <= 6 * HOUR_MS)).toEqual([true, true])
    for (const [change, entries] of [
      [async () => undefined, 1],
      [() => value.delete(), 0],
      [() => invalidate(['a', 'me']), 0],
    ] as const) {
      await change()
      const left = await lives()
      expect(left.filter((ms) => ms > 0 && ms <= 3 * HOUR_MS).length).toBe(entries)
      expect(left.filter((ms) => ms > 3 * HOUR_MS && ms <= 6 * HOUR_MS).length).toBe(3)
    }
  })
})
