import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import Fastify from 'fastify'
import { Hono, type MiddlewareHandler } from 'hono'
import { afterEach, describe, expect, test } from 'vitest'
import { createCache } from '../src/cache/cache.ts'
import * as onExpress from '../src/integrations/express.ts'
import * as onFastify from '../src/integrations/fastify.ts'
import * as onHono from '../src/integrations/hono.ts'
import { createLimiter } from '../src/limit/limiter.ts'
import { slidingWindow } from '../src/limit/policy.ts'
import { memory } from '../src/stores/memory/index.ts'

const closes: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closes.splice(0)) await close()
})

const options = { vary: ['Accept-Language'], headers: { 'Set-Cookie': 'seen=1', 'X-Kind': 'route' } }

function defineNote() {
  return createCache({ store: memory(), namespace: 'test' }).define({ name: 'note', ttl: '1m', load: async () => 1 })
}

function defineLimiter() {
  const policies = { none: slidingWindow({ limit: 1, window: '60s', onUnavailable: 'closed' }) }
  return createLimiter({ store: memory(), policies, deadline: '10s' })
}

const take = () => ({ policy: 'none', key: 'a', cost: 2 }) as const

/** On Hono, with a middleware that sets headers in its way. */
function onHonoWith(set: MiddlewareHandler): RequestListener {
  const app = new Hono()
    .use(set)
    .get(
      '/',
      onHono.cachedRoute(defineNote(), () => undefined, options),
    )
    .get(
      '/bare',
      onHono.cachedRoute(defineNote(), () => undefined),
    )
    .get('/refused', onHono.limitRequests(defineLimiter(), take))
  return getRequestListener(app.fetch)
}

/** What an application puts on each answer before its routes: as middleware for CORS and sessions do. */
const applications: Readonly<Record<string, () => RequestListener | Promise<RequestListener>>> = {
  express() {
    const app = express()
    app.use((_, response, next) => {
      response.vary('Origin').cookie('session', 'a').set('X-Kind', 'all').set('Cache-Control', 'public, max-age=600')
      next()
    })
    app.get(
      '/bare',
      onExpress.cachedRoute(defineNote(), () => undefined),
    )
    app.get('/refused', onExpress.limitRequests(defineLimiter(), take))
    return app.get(
      '/',
      onExpress.cachedRoute(defineNote(), () => undefined, options),
    )
  },
  async fastify() {
    const app = Fastify()
    app.addHook('onRequest', async (_, reply) => {
      reply.header('Vary', 'Origin').header('Set-Cookie', 'session=a; Path=/').header('X-Kind', 'all')
      reply.header('Cache-Control', 'public, max-age=600')
    })
    app.get(
      '/bare',
      onFastify.cachedRoute(defineNote(), () => undefined),
    )
    app.get('/refused', { preHandler: onFastify.limitRequests(defineLimiter(), take) }, () => 'never')
    app.get(
      '/',
      onFastify.cachedRoute(defineNote(), () => undefined, options),
    )
    await app.ready()
    return app.routing
  },
  'hono, by the context': () =>
    onHonoWith(async (context, next) => {
      context.header('Vary', 'Origin')
      context.header('Set-Cookie', 'session=a; Path=/', { append: true })
      context.header('X-Kind', 'all')
      context.header('Cache-Control', 'public, max-age=600')
      await next()
    }),
  'hono, on the response': () =>
    onHonoWith(async ({ res: { headers } }, next) => {
      headers.append('Vary', 'Origin')
      headers.append('Set-Cookie', 'session=a; Path=/')
      headers.set('X-Kind', 'all')
      headers.set('Cache-Control', 'public, max-age=600')
      await next()
    }),
}

describe.each(Object.entries(applications))('what was set before, on %s', (_, build) => {
  async function start() {
    const server = createServer(await build())
    closes.push(() => new Promise((resolve) => server.close(resolve)))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return (path: string, headers = {}) => fetch(url + path, { headers: { connection: 'close', ...headers } })
  }
  const said = ({ headers }: Response) => ({
    vary: headers.get('Vary'),
    cookies: headers.getSetCookie(),
    kind: headers.get('X-Kind'),
    caching: headers.get('Cache-Control'),
  })

  test.each([
    ['/', { vary: 'Origin, Accept-Language', cookies: ['session=a; Path=/', 'seen=1'], kind: 'route' }],
    ['/bare', { vary: 'Origin', cookies: ['session=a; Path=/'], kind: 'all' }],
  ])(
    'cachedRoute() at %s adds to its Vary and cookies, and replaces no other header but its own',
    async (path, rest) => {
      const ask = await start()
      const full = await ask(path)
      const unchanged = await ask(path, { 'If-None-Match': full.headers.get('ETag') ?? '' })
      expect([full.status, await full.text(), unchanged.status]).toEqual([200, '1', 304])
      // What is one person's stays so, whatever the application says of its answers.
      for (const answer of [full, unchanged]) expect(said(answer)).toEqual({ ...rest, caching: 'private, no-cache' })
    },
  )

  test('limitRequests() leaves it on a refusal, which no cache may keep', async () => {
    const refused = await (await start())('/refused')
    expect(refused.status).toBe(429)
    expect(await refused.json()).toMatchObject({ title: 'Too Many Requests' })
    expect(said(refused)).toEqual({ vary: 'Origin', cookies: ['session=a; Path=/'], kind: 'all', caching: 'no-store' })
  })
})

test('cachedRoute() keeps its Vary on hono beside one that is set after it', async () => {
  const app = new Hono()
    .use(async (context, next) => {
      await next()
      context.header('Vary', 'Origin', { append: true })
    })
    .get(
      '/',
      onHono.cachedRoute(defineNote(), () => undefined, options),
    )
  const full = await app.request('/')
  const unchanged = await app.request('/', { headers: { 'If-None-Match': full.headers.get('ETag') ?? '' } })
  expect([full.status, unchanged.status]).toEqual([200, 304])
  for (const { headers } of [full, unchanged]) {
    expect(headers.get('Vary')).toBe('Accept-Language, Origin')
    expect(headers.getSetCookie()).toEqual(['seen=1'])
  }
})
