import type { Context, Env, MiddlewareHandler } from 'hono'
import type { Awaitable } from '../awaitable.ts'
import type { Definition } from '../cache/define.ts'
import { answerCached, type CachedRouteOptions } from '../http/cached-route.ts'
import { addRateLimit, withRateLimit } from '../http/guard.ts'
import { tooManyRequests } from '../http/problem.ts'
import type { Decision } from '../limit/decision.ts'
import type { Limiter, Policies, Take } from '../limit/limiter.ts'

/**
 * A Hono handler that answers with a cached definition: `Cache-Status`, `Age`, `ETag` and 304 included. `toInput` makes the definition's input of the request; what identifies
 * the person must come from the verified token and be part of the input. With `limits` the request passes within them, asked in the same round trip as the cache.
 *
 * ```ts
 * import { Hono } from 'hono'
 * import { createCache } from 'millpond'
 * import { cachedRoute } from 'millpond/hono'
 * import { memory } from 'millpond/memory'
 * import { z } from 'zod'
 *
 * const cache = createCache({ store: memory(), namespace: 'api' })
 * const prices = cache.define({ name: 'prices', ttl: '5m', input: z.string(), load: async (id) => ({ id, price: 12 }) })
 *
 * const app = new Hono().get('/prices/:id', cachedRoute(prices, (context) => context.req.param('id') ?? '', { private: false }))
 * console.log((await app.request('/prices/lamp')).headers.get('Cache-Status')?.includes('fwd=miss')) // true
 * ```
 */
export function cachedRoute<E extends Env, Input>(
  definition: Definition<[input: Input], unknown>,
  toInput: (context: Context<E>) => Input | Promise<Input>,
  options: CachedRouteOptions<Context<E>> = {},
): (context: Context<E>) => Promise<Response> {
  return async (context) => {
    return besideEarlier(context, await answerCached({ definition, toInput, options }, context, context.req.raw))
  }
}

/**
 * Hono middleware that lets a request pass within its limits: rate-limit headers on what passes, 429 (503 where an outage refuses) on what does not, without calling the handler.
 * A header that the answer already has stays: that of a limit nearer to the route.
 *
 * ```ts
 * import { Hono } from 'hono'
 * import { createLimiter, slidingWindow } from 'millpond'
 * import { limitRequests } from 'millpond/hono'
 * import { clientAddress } from 'millpond/http'
 * import { memory } from 'millpond/memory'
 *
 * const global = slidingWindow({ limit: 60, window: '60s', onUnavailable: 'open' })
 * const limiter = createLimiter({ store: memory(), policies: { global } })
 *
 * const app = new Hono()
 * app.use(limitRequests(limiter, (context) => ({ policy: 'global', key: clientAddress(context.req.raw, { profile: 'cloudflare' }).address })))
 * app.get('/', (context) => context.text('hello'))
 * console.log((await app.request('/')).headers.get('X-RateLimit-Remaining')) // 59
 * ```
 */
export function limitRequests<P extends Policies, E extends Env>(
  limiter: Limiter<P>,
  toTakes: (context: Context<E>) => Awaitable<Take<P> | readonly Take<P>[]>,
): MiddlewareHandler<E> {
  return async (context, next) => {
    const decision = await limiter.take(await toTakes(context))
    if (!decision.allowed) return besideEarlier(context, tooManyRequests(decision))
    await next()
    tellNumbers(context, decision)
    return undefined
  }
}

/** The responses that numbers were written on: for which request, and under which names. */
const written = new WeakMap<Response, { readonly request: Request; readonly names: readonly string[] }>()

/**
 * Adds the rate-limit headers to the context's response. A handler may answer every request with the same one, a constant of its module, so another request's numbers are never left on it: one without
 * content is copied at once, any other when it comes again. Until then it is written on, since Hono's server sends a copy as a stream, at more than twice the cost.
 */
function tellNumbers<E extends Env>(context: Context<E>, decision: Decision): void {
  const request = context.req.raw
  const response = context.res
  const { headers } = response
  const earlier = written.get(response)
  const isOthers = earlier !== undefined && earlier.request !== request
  if (response.status !== 204 && !isOthers) {
    try {
      const names = addRateLimit(headers, decision)
      written.set(response, { request, names: [...names, ...(earlier?.names ?? [])] })
      return
    } catch {
      // Those of a response that came from fetch cannot be changed.
    }
  }
  const clean = isOthers ? response.clone() : response
  if (isOthers) for (const name of earlier.names) clean.headers.delete(name)
  // Over one that is there, Hono would put that one's headers into the new one.
  context.res = undefined
  context.res = withRateLimit(clean, decision)
}

/**
 * The response with the headers that were set before it: `Vary` and cookies add to them, any other header replaces the earlier. By itself Hono leaves out what was set by `context.header`, and of two keeps the
 * earlier.
 */
function besideEarlier<E extends Env>(context: Context<E>, response: Response): Response {
  // To look at `context.res` makes one, and Hono then reads the body as a stream: not where nothing was set.
  if (context.body(null).headers.keys().next().done) return response
  const { headers } = context.res
  response.headers.forEach((value, name) => {
    if (name === 'vary' || name === 'set-cookie') headers.append(name, value)
    else headers.set(name, value)
  })
  return response
}
