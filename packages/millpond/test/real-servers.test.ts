import { Agent, createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import createFastify from 'fastify'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createCache, createLimiter, slidingWindow } from '../src/index.ts'
import * as forExpress from '../src/integrations/express.ts'
import * as forFastify from '../src/integrations/fastify.ts'
import { memory } from '../src/stores/memory/index.ts'

function setUp() {
  const store = memory()
  const load = vi.fn(({ user }: { user: string }) => {
    if (user === 'broken') throw new TypeError('the database is away')
    return { of: user }
  })
  const definition = createCache({ store, namespace: 'test' }).define({
    name: 'mine',
    ttl: '1m',
    input: z.object({ user: z.string() }),
    load,
  })
  const limiter = createLimiter({
    store,
    policies: {
      reads: slidingWindow({ limit: 3, window: '60s', onUnavailable: 'closed' }),
      streams: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'closed' }),
    },
  })
  return { limiter, definition, load }
}

type Parts = ReturnType<typeof setUp>
type Headed = { readonly headers: { readonly [name: string]: string | readonly string[] | undefined } }
const userOf = ({ headers }: Headed) => String(headers['x-user'])
const CHUNKS = ['one\n', 'two\n', 'three\n']

/** Each serves /cached (limits beside), /inside (limits in the same round trip) and /stream (limited, sent in pieces). */
const servers: Readonly<Record<string, (parts: Parts) => Promise<{ port: number; close: () => Promise<unknown> }>>> = {
  async express({ limiter, definition }) {
    const app = express()
    const take = (request: Headed) => ({ policy: 'reads', key: userOf(request) }) as const
    const toInput = (request: Headed) => ({ user: userOf(request) })
    app.get('/cached', forExpress.limitRequests(limiter, take), forExpress.cachedRoute(definition, toInput))
    app.get(
      '/inside',
      forExpress.cachedRoute(definition, toInput, { limits: (request) => limiter.take(take(request)) }),
    )
    app.get(
      '/stream',
      forExpress.limitRequests(limiter, (request: Headed) => ({ policy: 'streams', key: userOf(request) })),
      (_, response) => {
        for (const chunk of CHUNKS) response.write(chunk)
        response.end()
      },
    )
    const fail: express.ErrorRequestHandler = (error, _request, response, _next) => {
      response.status(500).send(String(error))
    }
    app.use(fail)
    const server: Server = createServer(app)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return {
      port: (server.address() as AddressInfo).port,
      close: () => new Promise((resolve) => server.close(resolve)),
    }
  },
  async fastify({ limiter, definition }) {
    const app = createFastify()
    const take = (request: Headed) => ({ policy: 'reads', key: userOf(request) }) as const
    const toInput = (request: Headed) => ({ user: userOf(request) })
    const onRequest = forFastify.limitRequests(
      limiter,
      (request: Headed) => ({ policy: 'streams', key: userOf(request) }) as const,
    )
    const preHandler = forFastify.limitRequests(limiter, take)
    app.get('/cached', { preHandler }, (request, reply) => forFastify.cachedRoute(definition, toInput)(request, reply))
    app.get('/inside', (request, reply) =>
      forFastify.cachedRoute(definition, toInput, { limits: (asked) => limiter.take(take(asked)) })(request, reply),
    )
    app.get('/stream', { onRequest }, (_, reply) => reply.send(new Blob(CHUNKS).stream()))
    app.setErrorHandler((error, _, reply) => reply.code(500).send(String(error)))
    await app.listen({ port: 0, host: '127.0.0.1' })
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
  },
}

interface Answer {
  readonly status: number | undefined
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly body: string
  readonly reused: boolean
}

describe.each(Object.entries(servers))('millpond/%s on the real server', (_, serve) => {
  const closers: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })

  async function start() {
    const parts = setUp()
    const { port, close } = await serve(parts)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    closers.push(() => agent.destroy(), close)
    const ask = (path: string, headers: Record<string, string>, method = 'GET') =>
      new Promise<Answer>((resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port, path, method, headers, agent }, (response) => {
          let body = ''
          response.setEncoding('utf8').on('data', (chunk) => (body += chunk))
          response.on('end', () =>
            resolve({ status: response.statusCode, headers: response.headers, body, reused: sent.reusedSocket }),
          )
        })
        sent.on('error', reject).end()
      })
    return { ...parts, ask }
  }

  test.each(['/cached', '/inside'])(
    '%s answers GET, 304, HEAD and 429 over one kept-alive connection',
    async (path) => {
      const { ask, load } = await start()
      const first = await ask(path, { 'x-user': 'alice' })
      expect([first.status, first.body]).toEqual([200, '{"of":"alice"}'])
      expect(first.headers['content-type']).toMatch(/^application\/json/)
      expect(first.headers['cache-control']).toBe('private, no-cache')
      expect(first.headers['x-ratelimit-remaining']).toBe('2')
      const same = await ask(path, { 'x-user': 'alice', 'if-none-match': String(first.headers.etag) })
      expect([same.status, same.body, same.headers.etag, same.reused]).toEqual([304, '', first.headers.etag, true])
      const head = await ask(path, { 'x-user': 'alice' }, 'HEAD')
      expect([head.status, head.body, head.headers.etag, head.reused]).toEqual([200, '', first.headers.etag, true])
      const refused = await ask(path, { 'x-user': 'alice' })
      expect([refused.status, refused.headers['cache-control'], refused.reused]).toEqual([429, 'no-store', true])
      expect(refused.headers['content-type']).toMatch(/^application\/problem\+json/)
      expect(refused.headers['retry-after']).toMatch(/^(59|60)$/)
      expect(JSON.parse(refused.body)).toMatchObject({
        status: 429,
        'violated-policies': ['reads'],
        limit: 3,
        remaining: 0,
      })
      const other = await ask(path, { 'x-user': 'bob' })
      expect([other.status, other.body, other.reused]).toEqual([200, '{"of":"bob"}', true])
      expect(load).toHaveBeenCalledTimes(2)
    },
  )

  test.each(['/cached', '/inside'])('%s gives what a loader throws to the error handler of the app', async (path) => {
    const { ask } = await start()
    const failed = await ask(path, { 'x-user': 'broken' })
    expect([failed.status, failed.body]).toEqual([500, 'TypeError: the database is away'])
    expect((await ask(path, { 'x-user': 'alice' })).status).toBe(200)
  })

  test('leaves a streamed answer as it is, with the headers of its limit', async () => {
    const { ask } = await start()
    const streamed = await ask('/stream', { 'x-user': 'alice' })
    expect([streamed.status, streamed.body, streamed.headers.ratelimit]).toEqual([
      200,
      CHUNKS.join(''),
      expect.stringMatching(/^"streams";r=1;t=60$/),
    ])
    await ask('/stream', { 'x-user': 'alice' })
    expect((await ask('/stream', { 'x-user': 'alice' })).status).toBe(429)
  })
})
