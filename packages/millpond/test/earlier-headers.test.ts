import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import Fastify from 'fastify'
import { Hono, type MiddlewareHandler } from 'hono'
import { afterEach, expect, test } from 'vitest'
import { createCache } from '../src/cache/cache.ts'
import * as onExpress from '../src/integrations/express.ts'
import * as onFastify from '../src/integrations/fastify.ts'
import * as onHono from '../src/integrations/hono.ts'
import { memory } from '../src/stores/memory/index.ts'

const closes: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closes.splice(0)) await close()
})

const options = { vary: ['Accept-Language'], headers: { 'Set-Cookie': 'seen=1', 'X-Kind': 'route' } }

function defineNote() {
  return createCache({ store: memory(), namespace: 'test' }).define({ name: 'note', ttl: '1m', load: async () => 1 })
}

/** What an application puts on each answer before its routes: as middleware for CORS and sessions do. */
const applications: Readonly<Record<string, () => RequestListener | Promise<RequestListener>>> = {
  express() {
    const app = express()
    app.use((_, response, next) => {
      response.vary('Origin').cookie('session', 'a').set('X-Kind', 'all')
      next()
    })
    return app.get(
      '/',
      onExpress.cachedRoute(defineNote(), () => undefined, options),
    )
  },
  async fastify() {
    const app = Fastify()
    app.addHook('onRequest', async (_, reply) => {
      reply.header('Vary', 'Origin').header('Set-Cookie', 'session=a; Path=/').header('X-Kind', 'all')
    })
    app.get(
      '/',
      onFastify.cachedRoute(defineNote(), () => undefined, options),
    )
    await app.ready()
    return app.routing
  },
}

test.each(Object.entries(applications))(
  'cachedRoute() adds to the Vary and cookies that were set before it, and no other header, on %s',
  async (_, build) => {
    const server = createServer(await build())
    closes.push(() => new Promise((resolve) => server.close(resolve)))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

    const full = await fetch(url, { headers: { connection: 'close' } })
    const etag = full.headers.get('ETag') ?? ''
    const unchanged = await fetch(url, { headers: { connection: 'close', 'If-None-Match': etag } })

    expect([full.status, unchanged.status]).toEqual([200, 304])
    for (const { headers } of [full, unchanged]) {
      expect(headers.get('Vary')).toBe('Origin, Accept-Language')
      expect(headers.getSetCookie()).toEqual(['session=a; Path=/', 'seen=1'])
      expect(headers.get('X-Kind')).toBe('route')
    }
  },
)

/** Ways in which a middleware of Hono sets headers; where a header is set on both sides, Hono's own rule decides. */
const ways: Readonly<Record<string, MiddlewareHandler>> = {
  'before, by the context': async (context, next) => {
    context.header('Vary', 'Origin')
    await next()
  },
  'before, on the response': async (context, next) => {
    context.res.headers.append('Vary', 'Origin')
    await next()
  },
  after: async (context, next) => {
    await next()
    context.header('Vary', 'Origin', { append: true })
  },
}

test.each(Object.entries(ways))('cachedRoute() keeps its Vary and that of others on hono, set %s', async (_, set) => {
  const app = new Hono().use(set).get(
    '/',
    onHono.cachedRoute(defineNote(), () => undefined, options),
  )
  const full = await app.request('/')
  const unchanged = await app.request('/', { headers: { 'If-None-Match': full.headers.get('ETag') ?? '' } })
  expect([full.status, unchanged.status]).toEqual([200, 304])
  for (const { headers } of [full, unchanged]) {
    expect(headers.get('Vary')?.split(', ').sort()).toEqual(['Accept-Language', 'Origin'])
    expect(headers.getSetCookie()).toEqual(['seen=1'])
  }
})
