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
 */
export function limitRequests<P extends Policies, Request extends NodeRequest>(
  limiter: Limiter<P>,
  toTakes: (request: Request) => Take<P> | readonly Take<P>[],
): Handler<Request> {
  return async (request, response, next) => {
    try {
      const decision = await limiter.take(toTakes(request))
      if (!decision.allowed) return await sendResponse(response, tooManyRequests(decision))
      for (const [name, value] of Object.entries(rateLimitHeaders(decision))) response.setHeader(name, value)
    } catch (error) {
      return next(error)
    }
    next()
  }
}

/**
 * An Express handler that answers with a cached definition: `Cache-Status`, `Age`, `ETag` and 304 included. With `limits` the request passes within them, asked in the same round trip as
 * the cache.
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
