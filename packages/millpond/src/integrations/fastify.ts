import type { Awaitable } from '../awaitable.ts'
import type { Definition } from '../cache/define.ts'
import { answerCached, type CachedRouteOptions } from '../http/cached-route.ts'
import { rateLimitHeaders } from '../http/headers.ts'
import { besides, type HeaderValue, type NodeRequest, toHeaders } from '../http/node-response.ts'
import { tooManyRequests } from '../http/problem.ts'
import type { Limiter, Policies, Take } from '../limit/limiter.ts'

/** What of a Fastify reply the integration uses. */
export interface FastifyReplyLike {
  code(status: number): unknown
  getHeader(name: string): HeaderValue
  header(name: string, value: string): unknown
  send(body?: unknown): unknown
}

/**
 * A Fastify hook (`onRequest` or `preHandler`) that lets a request pass within its limits: rate-limit headers on what passes, 429 (503 where an outage refuses) on what does not, without
 * calling the handler.
 *
 * ```ts
 * import Fastify, { type FastifyRequest } from 'fastify'
 * import { createLimiter, slidingWindow } from 'millpond'
 * import { limitRequests } from 'millpond/fastify'
 * import { memory } from 'millpond/memory'
 *
 * const global = slidingWindow({ limit: 60, window: '60s', onUnavailable: 'open' })
 * const limiter = createLimiter({ store: memory(), policies: { global } })
 *
 * const app = Fastify()
 * app.addHook('onRequest', limitRequests(limiter, (request: FastifyRequest) => ({ policy: 'global', key: request.ip })))
 * app.get('/', async () => 'hello')
 * console.log((await app.inject('/')).headers['x-ratelimit-remaining']) // 59
 * await app.close()
 * ```
 */
export function limitRequests<P extends Policies, Request extends NodeRequest>(
  limiter: Limiter<P>,
  toTakes: (request: Request) => Awaitable<Take<P> | readonly Take<P>[]>,
): <Reply extends FastifyReplyLike>(request: NoInfer<Request>, reply: Reply) => Promise<Reply | undefined> {
  return async (request, reply) => {
    const decision = await limiter.take(await toTakes(request))
    if (!decision.allowed) return send(reply, tooManyRequests(decision))
    for (const [name, value] of Object.entries(rateLimitHeaders(decision))) reply.header(name, value)
    return undefined
  }
}

/**
 * A Fastify handler that answers with a cached definition: `Cache-Status`, `Age`, `ETag` and 304 included. With `limits` the request passes within them, asked in the same round trip as
 * the cache. An error of the loader goes to Fastify's error handler.
 *
 * ```ts
 * import Fastify, { type FastifyRequest } from 'fastify'
 * import { createCache } from 'millpond'
 * import { cachedRoute } from 'millpond/fastify'
 * import { memory } from 'millpond/memory'
 * import { z } from 'zod'
 *
 * const cache = createCache({ store: memory(), namespace: 'api' })
 * const price = cache.define({ name: 'price', ttl: '5m', input: z.object({ id: z.string() }), load: async ({ id }) => ({ id, price: 12 }) })
 *
 * const app = Fastify()
 * app.get('/prices/:id', cachedRoute(price, (request: FastifyRequest) => request.params as { id: string }, { private: false }))
 * console.log((await app.inject('/prices/lamp')).json()) // { id: 'lamp', price: 12 }
 * await app.close()
 * ```
 */
export function cachedRoute<Input, Request extends NodeRequest>(
  definition: Definition<[input: Input], unknown>,
  toInput: (request: Request) => Input | Promise<Input>,
  options: CachedRouteOptions<Request> = {},
): <Reply extends FastifyReplyLike>(request: NoInfer<Request>, reply: Reply) => Promise<Reply> {
  return async (request, reply) => {
    const asked = { method: request.method ?? 'GET', headers: toHeaders(request) }
    return send(reply, await answerCached({ definition, toInput, options }, request, asked), asked.method === 'HEAD')
  }
}

/** Fastify waits for the reply that a hook returns, and goes no further. */
async function send<Reply extends FastifyReplyLike>(reply: Reply, response: Response, isHead = false): Promise<Reply> {
  reply.code(response.status)
  response.headers.forEach((value, name) => {
    // Cookies Fastify adds itself.
    reply.header(name, name === 'vary' ? String(besides(reply.getHeader(name), name, value)) : value)
  })
  // Of no body at all Fastify's HEAD routes would say that GET has none either; of a stream they say nothing.
  const none = isHead ? new Response('').body : undefined
  reply.send(response.body === null ? none : await response.text())
  return reply
}
