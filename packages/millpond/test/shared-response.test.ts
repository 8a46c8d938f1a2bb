import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { limitRequests } from '../src/integrations/hono.ts'
import { limitedRoute } from '../src/integrations/next.ts'
import { createLimiter } from '../src/limit/limiter.ts'
import { slidingWindow } from '../src/limit/policy.ts'
import { memory } from '../src/stores/memory/index.ts'

/** Handlers that answer every request with one and the same response, as a constant of a module is. */
const constants: Readonly<Record<string, () => Response>> = {
  'no body': () => new Response(null, { status: 204 }),
  'a redirect': () => Response.redirect('https://shop.example/', 303),
  'a text': () => new Response('always this'),
  'a text of a type of its own': () => new Response('[]', { headers: { 'content-type': 'application/json' } }),
  'numbers of its own': () => new Response('own', { headers: { 'X-RateLimit-Limit': '7' } }),
}

function setUp() {
  const policies = { reads: slidingWindow({ limit: 9, window: '60s', onUnavailable: 'closed' }) }
  const limiter = createLimiter({ store: memory(), policies, deadline: '10s' })
  const toTake = (request: Request) => ({ policy: 'reads', key: request.headers.get('x-user') ?? 'nobody' }) as const
  return { limiter, toTake }
}

/** What each of three clients is told to have left; the first has asked before. */
async function remainders(ask: (user: string) => Promise<Response>): Promise<(string | null)[]> {
  const told: (string | null)[] = []
  for (const user of ['a', 'a', 'b', 'c']) told.push((await ask(user)).headers.get('x-ratelimit-remaining'))
  return told
}

const toRequest = (user: string, method = 'GET') =>
  new Request('http://localhost/', { method, headers: { 'x-user': user } })

test.each(Object.entries(constants))(
  'hono limitRequests() tells each client its own numbers on %s',
  async (_, make) => {
    const { limiter, toTake } = setUp()
    const constant = make()
    const app = new Hono().use(limitRequests(limiter, (context) => toTake(context.req.raw))).get('/', () => constant)
    // Bodies are not read: only the first could be.
    expect(await remainders(async (user) => app.request(toRequest(user)))).toEqual(['8', '7', '8', '8'])
    expect(await remainders(async (user) => app.request(toRequest(user, 'HEAD')))).toEqual(['6', '5', '7', '7'])
    expect((await app.request(toRequest('a'))).headers.get('x-ratelimit-limit')).toBe(
      constant.headers.get('x-ratelimit-limit') === '7' ? '7' : '9',
    )
  },
)

test('hono limitRequests() writes nothing on an empty response that a route without limits answers with too', async () => {
  const { limiter, toTake } = setUp()
  const done = new Response(null, { status: 204 })
  const app = new Hono()
    .use(
      '/limited',
      limitRequests(limiter, (context) => toTake(context.req.raw)),
    )
    .get('*', () => done)
  expect((await app.request('/limited')).headers.get('x-ratelimit-remaining')).toBe('8')
  expect([...(await app.request('/free')).headers]).toEqual([])
})

test('hono limitRequests() leaves the numbers of a nearer limit on a text that every request is answered with', async () => {
  const { limiter, toTake } = setUp()
  const policies = { near: slidingWindow({ limit: 5, window: '60s', onUnavailable: 'closed' }) }
  const near = createLimiter({ store: memory(), policies, deadline: '10s' })
  const constant = new Response('always this')
  const app = new Hono()
    .use(limitRequests(limiter, (context) => toTake(context.req.raw)))
    .use(limitRequests(near, (context) => ({ ...toTake(context.req.raw), policy: 'near' })))
    .get('/', () => constant)
  expect(await remainders(async (user) => app.request(toRequest(user)))).toEqual(['4', '3', '4', '4'])
})

test.each(Object.entries(constants))('next limitedRoute() tells each client its own numbers on %s', async (_, make) => {
  const { limiter, toTake } = setUp()
  const constant = make()
  const route = limitedRoute(limiter, toTake, () => constant)
  expect(await remainders((user) => route(toRequest(user), undefined))).toEqual(['8', '7', '8', '8'])
})

test.each(Object.keys(constants))(
  'on Node’s server, Hono answers each client whole with its own numbers on %s',
  async (name) => {
    const { limiter, toTake } = setUp()
    let constant: Response | undefined
    const app = new Hono().use(limitRequests(limiter, (context) => toTake(context.req.raw)))
    // Made at the first request, a text is of the server's own kind, which can be sent again and again.
    app.get('/', () => {
      constant ??= constants[name]?.()
      return constant ?? new Response('no such constant', { status: 500 })
    })
    const server = createServer(getRequestListener(app.fetch))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const seen: string[] = []
    const told = await remainders(async (user) => {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-user': user }, redirect: 'manual' })
      seen.push(`${answer.status} ${await answer.text()}`)
      return answer
    })
    server.close()
    expect(told).toEqual(['8', '7', '8', '8'])
    expect(new Set(seen).size).toBe(1)
  },
)
