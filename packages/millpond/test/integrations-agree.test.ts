import { createServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import fc from 'fast-check'
import Fastify, { type FastifyRequest } from 'fastify'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createCache } from '../src/cache/cache.ts'
import * as onExpress from '../src/integrations/express.ts'
import * as onFastify from '../src/integrations/fastify.ts'
import * as onHono from '../src/integrations/hono.ts'
import * as onNext from '../src/integrations/next.ts'
import { createLimiter } from '../src/limit/limiter.ts'
import { slidingWindow } from '../src/limit/policy.ts'
import { memory } from '../src/stores/memory/index.ts'
import { createFakeClock } from '../src/testing/fake-clock.ts'

/** What each server is built from, with a clock of its own that all of them share the steps of. */
function setUp() {
  const clock = createFakeClock()
  const store = memory({ clock })
  let version = 0
  const note = createCache({ store, namespace: 'test', clock, random: () => 0 }).define({
    name: 'note',
    ttl: '1m',
    staleFor: '1m',
    input: z.object({ user: z.string().max(8), page: z.string().max(3) }),
    load: ({ user, page }) => {
      version += 1
      return { user, page, version, text: 'für alle ☃' }
    },
  })
  const policies = {
    global: slidingWindow({ limit: 9, window: '60s', onUnavailable: 'closed' }),
    reads: slidingWindow({ limit: 4, window: '60s', onUnavailable: 'closed' }),
  }
  const limiter = createLimiter({ store, clock, policies })
  return { clock, note, limiter }
}

type Parts = ReturnType<typeof setUp>
type Asked = { readonly url: string; header(name: string): string | undefined }

const userOf = ({ header }: Asked) => header('x-user') ?? 'nobody'
const toInput = (asked: Asked) => ({
  user: userOf(asked),
  page: new URL(asked.url, 'http://a').searchParams.get('page') ?? '1',
})
/** As after a session was looked up. */
const globally = async (asked: Asked) => ({ policy: 'global', key: userOf(asked) }) as const
const reading = (asked: Asked) => ({ policy: 'reads', key: userOf(asked) }) as const
const shown = { private: false, vary: ['X-User', 'Accept'], headers: { 'X-Kind': 'note' } } as const

const fromNode = (request: {
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}): Asked => ({ url: request.url ?? '/', header: (name) => request.headers[name]?.toString() })
const fromFetch = (request: Request): Asked => ({
  url: request.url,
  header: (name) => request.headers.get(name) ?? undefined,
})

/** The same application on each framework: all of it limited, `/plain` cached, `/within` cached within limits of its own. */
const applications: Readonly<Record<string, (parts: Parts) => RequestListener | Promise<RequestListener>>> = {
  hono({ limiter, note }) {
    const limits = (asked: Asked) => limiter.take(reading(asked))
    const app = new Hono()
      .use(onHono.limitRequests(limiter, (context) => globally(fromFetch(context.req.raw))))
      .get(
        '/plain',
        onHono.cachedRoute(note, (context) => toInput(fromFetch(context.req.raw)), shown),
      )
      .get(
        '/within',
        onHono.cachedRoute(note, (context) => toInput(fromFetch(context.req.raw)), {
          limits: (context) => limits(fromFetch(context.req.raw)),
        }),
      )
    return getRequestListener(app.fetch)
  },
  next({ limiter, note }) {
    const of = (request: Request) => toInput(fromFetch(request))
    const routes: Record<string, (request: Request, context: undefined) => Promise<Response>> = {
      '/plain': onNext.cachedRoute(note, of, shown),
      '/within': onNext.cachedRoute(note, of, { limits: (request) => limiter.take(reading(fromFetch(request))) }),
    }
    return getRequestListener((request) => {
      const route = routes[new URL(request.url).pathname]
      if (!route) return new Response(null, { status: 404 })
      return onNext.limitedRoute(limiter, (asked) => globally(fromFetch(asked)), route)(request, undefined)
    })
  },
  express({ limiter, note }) {
    const app = express()
    app.use(onExpress.limitRequests(limiter, (request: express.Request) => globally(fromNode(request))))
    app.get(
      '/plain',
      onExpress.cachedRoute(note, (request: express.Request) => toInput(fromNode(request)), shown),
    )
    app.get(
      '/within',
      onExpress.cachedRoute(note, (request: express.Request) => toInput(fromNode(request)), {
        limits: (request) => limiter.take(reading(fromNode(request))),
      }),
    )
    return app
  },
  async fastify({ limiter, note }) {
    const app = Fastify()
    app.addHook(
      'onRequest',
      onFastify.limitRequests(limiter, (request: FastifyRequest) => globally(fromNode(request))),
    )
    app.get(
      '/plain',
      onFastify.cachedRoute(note, (request: FastifyRequest) => toInput(fromNode(request)), shown),
    )
    app.get(
      '/within',
      onFastify.cachedRoute(note, (request: FastifyRequest) => toInput(fromNode(request)), {
        limits: (request) => limiter.take(reading(fromNode(request))),
      }),
    )
    await app.ready()
    return app.routing
  },
}

interface Step {
  readonly method: 'GET' | 'HEAD'
  readonly path: string
  readonly user: string
  /** Which of the entity tags that were seen is sent back, and how it is written. */
  readonly match: 'none' | 'seen' | 'weak' | 'listed' | 'any' | 'other'
  readonly pauseMs: number
}

const step: fc.Arbitrary<Step> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD'),
  path: fc.constantFrom('/plain', '/within', '/plain?page=2', '/within?page=2', '/within?page=1234'),
  user: fc.constantFrom('alice', 'bob', 'much-too-long'),
  match: fc.constantFrom('none', 'none', 'seen', 'weak', 'listed', 'any', 'other'),
  pauseMs: fc.constantFrom(0, 0, 0, 1_000, 20_000, 61_000, 200_000),
})

const matches: Record<Step['match'], (etag: string) => string | undefined> = {
  none: () => undefined,
  seen: (etag) => etag,
  weak: (etag) => `W/${etag}`,
  listed: (etag) => `"x", ${etag},"y"`,
  any: () => '*',
  other: () => '"other"',
}

/** What is the server's own, not ours. The length of a body is ours where HEAD leaves it out. */
const ITS_OWN = new Set(['date', 'connection', 'keep-alive', 'x-powered-by', 'transfer-encoding'])

async function ask(port: number, { method, path, user, match }: Step, etags: Map<string, string>) {
  const tag = matches[match](etags.get(`${path} ${user}`) ?? '"none"')
  const headers = { 'x-user': user, ...(tag === undefined ? {} : { 'if-none-match': tag }) }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest({ port, host: '127.0.0.1', method, path, headers, agent: false }, resolve).on('error', reject).end()
  })
  const body = await text(response)
  const { etag } = response.headers
  if (etag !== undefined) etags.set(`${path} ${user}`, etag)
  const said = Object.entries(response.headers).filter(
    ([name]) =>
      !ITS_OWN.has(name) &&
      (name !== 'content-length' || (method === 'HEAD' && response.statusCode !== 400 && response.statusCode !== 429)),
  )
  // Fastify names the character set of any JSON.
  const plain = said.map(([name, value]) => [name, value?.toString().replace('; charset=utf-8', '')] as const)
  return { status: response.statusCode, headers: Object.fromEntries(plain.sort()), body }
}

test('Hono, Next, Express and Fastify give the same answer to the same requests, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      const transcripts = await Promise.all(
        Object.values(applications).map(async (build) => {
          const parts = setUp()
          const server = createServer(await build(parts))
          await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
          const { port } = server.address() as AddressInfo
          const etags = new Map<string, string>()
          const answers = []
          for (const one of steps) {
            if (one.pauseMs > 0) await parts.clock.advance(one.pauseMs)
            answers.push(await ask(port, one, etags))
          }
          server.close()
          return answers
        }),
      )
      const [first, ...others] = transcripts
      for (const other of others) expect(other).toEqual(first)
    }),
    { numRuns: 30 },
  )
})
