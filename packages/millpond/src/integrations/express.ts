import type { Awaitable } from '../awaitable.ts'
import type { Definition } from '../cache/define.ts'
import { answerCached, type CachedRouteOptions } from '../http/cached-route.ts'
import { rateLimitHeaders } from '../http/headers.ts'
import { type NodeRequest, type NodeResponse, sendResponse, toHeaders } from '../http/node-response.ts'
import { tooManyRequests } from '../http/problem.ts'
import type { Limiter, Policies, Take } from '../limit/limiter.ts'

type Next = (error?: unknown) => void
type Handler<Request> = (request: Request, response: NodeResponse, next: Next) => Promise<void>

/**
 * Express middleware that lets a request pass within its limits: rate-limit headers on what passes, 429 (503 where an outage refuses) on what does not. `toTakes` names the policies and whom
 * they count; what identifies a person must come from what was verified.
 *
 * ```ts
 * import express from 'express'
 * import { createLimiter, slidingWindow } from 'millpond'
 * import { limitRequests } from 'millpond/express'
 * import { memory } from 'millpond/memory'
 *
 * const global = slidingWindow({ limit: 60, window: '60s', onUnavailable: 'open' })
 * const limiter = createLimiter({ store: memory(), policies: { global } })
 *
 * const app = express()
 * app.set('trust proxy', 1) // one proxy of yours stands in front
 * app.use(limitRequests(limiter, (request: express.Request) => ({ policy: 'global', key: request.ip ?? 'unknown' })))
 * ```
 */
export function limitRequests<P extends Policies, Request extends NodeRequest>(
  limiter: Limiter<P>,
  toTakes: (request: Request) => Awaitable<Take<P> | readonly Take<P>[]>,
): Handler<Request> {
  return async (request, response, next) => {
    try {
      const decision = await limiter.take(await toTakes(request))
      if (!decision.allowed) return await sendResponse(response, tooManyRequests(decision))
      if (!response.headersSent)
        for (const [name, value] of Object.entries(rateLimitHeaders(decision))) response.setHeader(name, value)
    } catch (error) {
      return next(error)
    }
    next()
  }
}

/**
 * An Express handler that answers with a cached definition: `Cache-Status`, `Age`, `ETag` and 304 included. With `limits` the request passes within them, asked in the same round trip as
 * the cache. An error of the loader goes to `next`.
 *
 * ```ts
 * import express from 'express'
 * import { createCache } from 'millpond'
 * import { cachedRoute } from 'millpond/express'
 * import { memory } from 'millpond/memory'
 * import { z } from 'zod'
 *
 * const cache = createCache({ store: memory(), namespace: 'api' })
 * const price = cache.define({ name: 'price', ttl: '5m', input: z.string(), load: async (id) => ({ id, price: 12 }) })
 *
 * const app = express()
 * app.get('/prices/:id', cachedRoute(price, (request: express.Request) => String(request.params.id), { private: false }))
 *
 * const server = app.listen(0, '127.0.0.1')
 * await new Promise((resolve) => server.once('listening', resolve))
 * const address = server.address()
 * const response = await fetch(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/prices/lamp`)
 * console.log(response.status, response.headers.get('Cache-Control')) // 200 public, no-cache
 * server.close()
 * ```
 */
export function cachedRoute<Input, Request extends NodeRequest>(
  definition: Definition<[input: Input], unknown>,
  toInput: (request: Request) => Input | Promise<Input>,
  options: CachedRouteOptions<Request> = {},
): Handler<Request> {
  return async (request, response, next) => {
    try {
      const asked = { method: request.method ?? 'GET', headers: toHeaders(request) }
      await sendResponse(response, await answerCached({ definition, toInput, options }, request, asked))
    } catch (error) {
      next(error)
    }
  }
}
