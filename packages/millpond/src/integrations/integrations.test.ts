import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Hono } from 'hono'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createCache } from '../cache/cache.ts'
import { createLimiter } from '../limit/limiter.ts'
import { slidingWindow } from '../limit/policy.ts'
import { memory } from '../stores/memory/index.ts'
import * as express from './express.ts'
import * as fastify from './fastify.ts'
import * as hono from './hono.ts'
import * as next from './next.ts'

/** A server that answers GET / with a cached definition, one request a minute for each x-user. */
type Serve = (parts: ReturnType<typeof setUp>) => (headers: Record<string, string>) => Promise<Response>

function setUp() {
  const store = memory()
  const load = vi.fn((input: { user: string }) => ({ of: input.user }))
  const definition = createCache({ store, namespace: 'test', deadline: '10s' }).define({
    name: 'mine',
    ttl: '1m',
    input: z.object({ user: z.string().max(20) }),
    load,
  })
  const policies = { reads: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'closed' }) }
  // A busy machine is no outage.
  return { limiter: createLimiter({ store, policies, deadline: '10s' }), definition, load }
}

const userOf = (headers: Headers | IncomingMessage['headers']) =>
  String(headers instanceof Headers ? headers.get('x-user') : headers['x-user'])

const servers: Readonly<Record<string, Serve>> = {
  hono: ({ limiter, definition }) => {
    const app = new Hono()
    app.use(hono.limitRequests(limiter, (c) => ({ policy: 'reads', key: userOf(c.req.raw.headers) })))
    app.get(
      '/',
      hono.cachedRoute(definition, (c) => ({ user: userOf(c.req.raw.headers) })),
    )
    return async (headers) => app.request('/', { headers })
  },
  next: ({ limiter, definition }) => {
    const answer = next.cachedRoute(definition, (request: Request, _: undefined) => ({ user: userOf(request.headers) }))
    const route = next.limitedRoute(limiter, (request) => ({ policy: 'reads', key: userOf(request.headers) }), answer)
    return (headers) => route(new Request('http://localhost/', { headers }), undefined)
  },
  express: ({ limiter, definition }) => {
    const limit = express.limitRequests(limiter, (request: IncomingMessage) => ({
      policy: 'reads',
      key: userOf(request.headers),
    }))
    const answer = express.cachedRoute(definition, (request: IncomingMessage) => ({ user: userOf(request.headers) }))
    return overHttp((request, response) => {
      const fail = (error: unknown) => response.writeHead(500).end(String(error))
      void limit(request, response, (error) => (error ? fail(error) : void answer(request, response, fail)))
    })
  },
  fastify: ({ limiter, definition }) => {
    const limit = fastify.limitRequests(limiter, (request: IncomingMessage) => ({
      policy: 'reads',
      key: userOf(request.headers),
    }))
    const answer = fastify.cachedRoute(definition, (request: IncomingMessage) => ({ user: userOf(request.headers) }))
    return overHttp(async (request, response) => {
      const reply = {
        code: (status: number) => (response.statusCode = status),
        getHeader: (name: string) => response.getHeader(name),
        header: (name: string, value: string) => response.setHeader(name, value),
        send: (body?: string) => response.end(body),
      }
      if ((await limit(request, reply)) === undefined) await answer(request, reply)
    })
  },
}

function overHttp(listener: RequestListener): (headers: Record<string, string>) => Promise<Response> {
  return async (headers) => {
    const server = createServer(listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { headers })
      const { status, headers: received } = response
      return new Response(status === 304 ? null : await response.text(), { status, headers: received })
    } finally {
      server.close()
    }
  }
}

describe.each(Object.entries(servers))('millpond/%s', (_, serve) => {
  test('answers with cache and rate-limit headers, then 304, then 429 without work behind it', async () => {
    const parts = setUp()
    const ask = serve(parts)
    const first = await ask({ 'x-user': 'alice' })
    expect([first.status, await first.text()]).toEqual([200, '{"of":"alice"}'])
    expect(first.headers.get('cache-status')).toMatch(/^millpond; fwd=miss; stored; ttl=5\d; detail=absent$/)
    expect(first.headers.get('ratelimit')).toMatch(/^"reads";r=1;t=60$/)
    const second = await ask({ 'x-user': 'alice', 'if-none-match': first.headers.get('etag') ?? '' })
    expect([second.status, await second.text(), second.headers.get('x-ratelimit-remaining')]).toEqual([304, '', '0'])
    const third = await ask({ 'x-user': 'alice' })
    expect(third.status).toBe(429)
    expect(third.headers.get('content-type')).toBe('application/problem+json')
    expect(third.headers.get('retry-after')).toMatch(/^(59|60)$/)
    expect(await (await ask({ 'x-user': 'bob' })).text()).toBe('{"of":"bob"}')
    expect(parts.load).toHaveBeenCalledTimes(2)
  })

  test('answers an input that the schema rejects with 400 and the issues, never the value', async () => {
    const parts = setUp()
    const refused = await serve(parts)({ 'x-user': 'much-too-long-for-a-name' })
    expect([refused.status, refused.headers.get('content-type')]).toEqual([400, 'application/problem+json'])
    const problem = await refused.json()
    expect(problem).toMatchObject({ title: 'Bad Request', status: 400, issues: [{ path: 'user' }] })
    expect(JSON.stringify(problem)).not.toContain('much-too-long')
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('1')
    expect(parts.load).not.toHaveBeenCalled()
  })
})

describe('a cached route', () => {
  const { definition, limiter } = setUp()
  const route = (options: Parameters<typeof next.cachedRoute>[2]) =>
    next.cachedRoute(definition, () => ({ user: 'much-too-long-for-a-name' }), options)
  const request = new Request('http://localhost/')

  test('that takes its limits itself says them with the 400 too', async () => {
    const limited = await route({ limits: () => limiter.limit('reads', 'a') })(request, undefined)
    expect([limited.status, limited.headers.get('ratelimit')]).toEqual([400, '"reads";r=1;t=60'])
  })

  test('answers an invalid input as `onInvalidInput` says', async () => {
    const other = await route({ onInvalidInput: ({ issues }) => new Response(issues[0]?.path, { status: 422 }) })(
      request,
      undefined,
    )
    expect([other.status, await other.text()]).toEqual([422, 'user'])
  })

  test('leaves an input that its loader gives to another definition to the framework', async () => {
    const outer = createCache({ store: memory(), namespace: 'outer' }).define({
      name: 'outer',
      ttl: '1m',
      input: z.string(),
      load: async (user) => (await definition.get({ user: user.repeat(30) })).value,
    })
    await expect(next.cachedRoute(outer, () => 'a')(request, undefined)).rejects.toThrow('Cannot read "mine"')
  })
})

describe('millpond/hono', () => {
  const toApp = (answer: () => Response | Promise<Response>) => {
    const { limiter } = setUp()
    const app = new Hono().use(hono.limitRequests(limiter, () => ({ policy: 'reads', key: 'a' })))
    return app.get('/', () => answer())
  }

  test('limitRequests() adds its headers to a redirect, whose own cannot be changed', async () => {
    const answer = await toApp(() => Response.redirect('https://shop.example/', 303)).request('/')
    expect([answer.status, answer.headers.get('location')]).toEqual([303, 'https://shop.example/'])
    expect(answer.headers.get('ratelimit')).toBe('"reads";r=1;t=60')
  })

  test('limitRequests() adds its headers to a response that came from fetch, cookies and body untouched', async () => {
    const upstream = createServer((_, response) => {
      response.setHeader('set-cookie', ['a=1', 'b=2'])
      response.end('from upstream')
    })
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
    const { port } = upstream.address() as AddressInfo
    const answer = await toApp(() => fetch(`http://127.0.0.1:${port}/`)).request('/')
    expect([answer.status, await answer.text(), answer.headers.getSetCookie()]).toEqual([
      200,
      'from upstream',
      ['a=1', 'b=2'],
    ])
    expect(answer.headers.get('x-ratelimit-remaining')).toBe('1')
    upstream.close()
  })

  test('limitRequests() leaves the headers of a limit that is nearer to the route', async () => {
    const answer = await toApp(() => new Response('', { headers: { RateLimit: '"own";r=0;t=1' } })).request('/')
    expect([answer.headers.get('ratelimit'), answer.headers.get('x-ratelimit-limit')]).toEqual(['"own";r=0;t=1', '2'])
  })
})

test('millpond/express cachedRoute() sends each cookie of an answer to an invalid input', async () => {
  const { definition } = setUp()
  const route = express.cachedRoute(definition, () => ({ user: 'much-too-long-for-a-name' }), {
    onInvalidInput: () => {
      const response = new Response('no', { status: 422 })
      for (const cookie of ['a=1', 'b=2']) response.headers.append('set-cookie', cookie)
      return response
    },
  })
  const server = createServer((request, response) => void route(request, response, () => response.end()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  server.close()
  expect([answer.status, await answer.text(), answer.headers.getSetCookie()]).toEqual([422, 'no', ['a=1', 'b=2']])
})

describe('millpond/next', () => {
  test('limitInProxy() gives headers, then a refusal', async () => {
    const { limiter } = setUp()
    const take = { policy: 'reads', key: 'a' } as const
    const first = await next.limitInProxy(limiter, take)
    expect([first.refusal, first.headers['X-RateLimit-Remaining']]).toEqual([undefined, '1'])
    await next.limitInProxy(limiter, take)
    const third = await next.limitInProxy(limiter, take)
    expect([third.refusal?.status, third.refusal?.headers.get('x-ratelimit-remaining'), third.headers]).toEqual([
      429,
      '0',
      {},
    ])
  })

  test('afterResponse() hands work on, and lets it be outside a request', async () => {
    const tasks: (() => Promise<unknown>)[] = []
    next.afterResponse((task) => void tasks.push(task))(Promise.resolve('done'))
    expect(await tasks[0]?.()).toBe('done')
    const outside = () => {
      throw new RangeError('outside a request')
    }
    expect(() => next.afterResponse(outside)(Promise.resolve())).not.toThrow()
  })
})
