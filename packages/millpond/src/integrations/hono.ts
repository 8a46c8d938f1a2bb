import type { Context, Env, MiddlewareHandler } from 'hono'
import type { Definition } from '../cache/define.ts'
import { answerCached, type CachedRouteOptions } from '../http/cached-route.ts'
import { rateLimitHeaders } from '../http/headers.ts'
import { tooManyRequests } from '../http/problem.ts'
import type { Limiter, Policies, Take } from '../limit/limiter.ts'

/**
 * A Hono handler that answers with a cached definition: `Cache-Status`, `Age`, `ETag` and 304 included. `toInput` makes the definition's input of the request; what identifies
 * the person must come from the verified token and be part of the input. With `limits` the request passes within them, asked in the same round trip as the cache.
 */
export function cachedRoute<E extends Env, Input>(
  definition: Definition<[input: Input], unknown>,
  toInput: (context: Context<E>) => Input | Promise<Input>,
  options: CachedRouteOptions<Context<E>> = {},
): (context: Context<E>) => Promise<Response> {
  return (context) => answerCached({ definition, toInput, options }, context, context.req.raw)
}

/**
 * Hono middleware that lets a request pass within its limits: rate-limit headers on what passes, 429 (503 where an outage refuses) on what does not, without calling the handler.
 */
export function limitRequests<P extends Policies, E extends Env>(
  limiter: Limiter<P>,
  toTakes: (context: Context<E>) => Take<P> | readonly Take<P>[],
): MiddlewareHandler<E> {
  return async (context, next) => {
    const decision = await limiter.take(toTakes(context))
    if (!decision.allowed) return tooManyRequests(decision)
    await next()
    for (const [name, value] of Object.entries(rateLimitHeaders(decision))) context.res.headers.set(name, value)
    return undefined
  }
}
