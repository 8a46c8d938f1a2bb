import type { Awaitable } from '../awaitable.ts'
import type { Definition } from '../cache/define.ts'
import { answerCached, type CachedRouteOptions } from '../http/cached-route.ts'
import { guard } from '../http/guard.ts'
import { rateLimitHeaders } from '../http/headers.ts'
import { tooManyRequests } from '../http/problem.ts'
import type { Limiter, Policies, Take } from '../limit/limiter.ts'

/**
 * A route handler that answers within its limits; `handler` is called only when the request is allowed.
 *
 * ```ts
 * import { createLimiter, slidingWindow } from 'millpond'
 * import { clientAddress } from 'millpond/http'
 * import { memory } from 'millpond/memory'
 * import { limitedRoute } from 'millpond/next'
 *
 * const join = slidingWindow({ limit: 5, window: '60s', onUnavailable: 'local' })
 * const limiter = createLimiter({ store: memory(), policies: { join } })
 *
 * export const POST = limitedRoute(
 *   limiter,
 *   (request) => ({ policy: 'join', key: clientAddress(request, { profile: 'vercel' }).address }),
 *   async () => Response.json({ joined: true }, { status: 201 }),
 * )
 * ```
 */
export function limitedRoute<P extends Policies, Req extends Request, Context>(
  limiter: Limiter<P>,
  toTakes: (request: Req) => Awaitable<Take<P> | readonly Take<P>[]>,
  handler: (request: Req, context: Context) => Awaitable<Response>,
): (request: Req, context: Context) => Promise<Response> {
  return (request, context) =>
    guard({ limits: async () => limiter.take(await toTakes(request)), answer: () => handler(request, context) })
}

/**
 * A route handler that answers with a cached definition: `Cache-Status`, `Age`, `ETag` and 304 included. With `limits` the request passes within them, asked in the same round trip as the
 * cache.
 *
 * ```ts
 * import { createCache } from 'millpond'
 * import { memory } from 'millpond/memory'
 * import { cachedRoute } from 'millpond/next'
 * import { z } from 'zod'
 *
 * const cache = createCache({ store: memory(), namespace: 'site' })
 * const price = cache.define({ name: 'price', ttl: '5m', input: z.string(), load: async (id) => ({ id, price: 12 }) })
 *
 * // app/prices/[id]/route.ts
 * type Context = { params: Promise<{ id: string }> }
 * export const GET = cachedRoute(price, async (_: Request, { params }: Context) => (await params).id, { private: false })
 * ```
 */
export function cachedRoute<Input, Req extends Request, Context>(
  definition: Definition<[input: Input], unknown>,
  toInput: (request: Req, context: Context) => Awaitable<Input>,
  options: CachedRouteOptions<Req> = {},
): (request: Req, context: Context) => Promise<Response> {
  return (request, context) =>
    answerCached({ definition, toInput: (asked: Req) => toInput(asked, context), options }, request, request)
}

/**
 * For `proxy.ts`: the response that refuses the request, or undefined with the headers to set on the response that goes on.
 *
 * ```ts
 * import { createLimiter, slidingWindow } from 'millpond'
 * import { clientAddress } from 'millpond/http'
 * import { memory } from 'millpond/memory'
 * import { limitInProxy } from 'millpond/next'
 * import { type NextRequest, NextResponse } from 'next/server.js'
 *
 * const global = slidingWindow({ limit: 60, window: '60s', onUnavailable: 'open' })
 * const limiter = createLimiter({ store: memory(), policies: { global } })
 *
 * export async function proxy(request: NextRequest) {
 *   const { address } = clientAddress(request, { profile: 'vercel' })
 *   const { refusal, headers } = await limitInProxy(limiter, { policy: 'global', key: address })
 *   return refusal ?? NextResponse.next({ headers })
 * }
 * ```
 */
export async function limitInProxy<P extends Policies>(
  limiter: Limiter<P>,
  takes: Take<P> | readonly Take<P>[],
): Promise<{ readonly refusal: Response | undefined; readonly headers: Record<string, string> }> {
  const decision = await limiter.take(takes)
  return {
    refusal: decision.allowed ? undefined : tooManyRequests(decision),
    headers: decision.allowed ? rateLimitHeaders(decision) : {},
  }
}

/**
 * For the `waitUntil` of a cache or a limiter's refunds: hands work that may outlive the response to Next's `after`, so that the platform keeps the function alive for it.
 *
 * ```ts
 * import { createCache } from 'millpond'
 * import { memory } from 'millpond/memory'
 * import { afterResponse } from 'millpond/next'
 * import { after } from 'next/server.js'
 *
 * const cache = createCache({ store: memory(), namespace: 'site', waitUntil: afterResponse(after) })
 * ```
 */
export function afterResponse(after: (task: () => Promise<unknown>) => void): (work: Promise<unknown>) => void {
  return (work) => {
    try {
      after(() => work)
    } catch {
      // Outside a request there is nothing to outlive: the work goes on by itself.
    }
  }
}
