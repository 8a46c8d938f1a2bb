import { Redis } from 'ioredis'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { createServer } from 'millpond-rest'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { cachedResponse, guard } from '../src/http/index.ts'
import { createCache, createLimiter, slidingWindow } from '../src/index.ts'
import { redis } from '../src/stores/redis/index.ts'
import type { Store } from '../src/stores/store.ts'
import { upstash } from '../src/stores/upstash/index.ts'

/** Two policies and a cached read behind one guard, over a store whose round trips can be counted. */
function setUp(store: Store) {
  const load = vi.fn(({ user }: { user: string }) => ({ of: user }))
  const definition = createCache({ store, namespace: 'guard', deadline: '10s' }).define({
    name: 'mine',
    ttl: '1m',
    input: z.object({ user: z.string() }),
    tags: ({ user }) => [`user:${user}`],
    load,
  })
  const policy = (limit: number) => slidingWindow({ limit, window: '60s', onUnavailable: 'closed' })
  const limiter = createLimiter({ store, deadline: '10s', policies: { wide: policy(60), narrow: policy(3) } })
  const ask = (user: string) =>
    guard({
      limits: () =>
        limiter.take([
          { policy: 'wide', key: user },
          { policy: 'narrow', key: user },
        ]),
      read: () => definition.peek({ user }),
      answer: (result) => cachedResponse({ method: 'GET', headers: new Headers() }, result),
    })
  return { ask, load }
}

const statusOf = (response: Response) => [response.status, response.headers.get('cache-status')?.split(';')[1]]

describeWith('redis', 'guard() with two policies and a cached read', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let client: Redis
  let rest: Awaited<ReturnType<typeof createServer>>
  beforeAll(async () => {
    server = await startRedis()
    client = new Redis(server.url)
    rest = await createServer({ redis: server.url })
  })
  afterAll(async () => {
    await rest?.close()
    client?.disconnect()
    await server?.stop()
  })

  test('is one POST over REST when it hits, none when a refusal is remembered, and loads nothing when it is refused', async () => {
    const posts: unknown[][] = []
    const counted: typeof fetch = (url, init) => {
      posts.push(JSON.parse(String(init?.body)).map(([name]: [string]) => name))
      return fetch(url, init)
    }
    const { ask, load } = setUp(upstash({ url: rest.url, token: rest.token, fetch: counted }))
    expect(statusOf(await ask('alice'))).toEqual([200, ' fwd=miss'])
    posts.length = 0
    expect(statusOf(await ask('alice'))).toEqual([200, ' hit'])
    expect(posts).toEqual([['EVALSHA', 'MGET']])
    await ask('alice')
    posts.length = 0
    expect(statusOf(await ask('alice'))).toEqual([429, undefined])
    expect(posts).toHaveLength(1)
    expect(statusOf(await ask('alice'))).toEqual([429, undefined])
    expect(posts).toHaveLength(1)
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('is two commands over TCP when it hits, the second sent before the first is answered', async () => {
    const { ask } = setUp(redis(client))
    await ask('bob')
    const sent: string[] = []
    const send = client.sendCommand.bind(client)
    vi.spyOn(client, 'sendCommand').mockImplementation((command, ...rest) => {
      sent.push(command.name)
      void command.promise.finally(() => sent.push('reply'))
      return send(command, ...rest)
    })
    expect(statusOf(await ask('bob'))).toEqual([200, ' hit'])
    expect(sent).toEqual(['EVALSHA', 'MGET', 'reply', 'reply'])
  })
})
