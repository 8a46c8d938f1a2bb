import type { Context, Handler, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import type { Decision } from 'millpond'
import { clientAddress, rateLimitHeaders } from 'millpond/http'
import type { ApiEnv } from './api-env.ts'
import type { Config } from './config.ts'
import type { ApiLimiter } from './limits.ts'
import { refuseRequest } from './refuse-request.ts'

/** Handlers that ask the limits themselves, in the round trip of what they read. */
const selfLimiting = new WeakSet<object>()

/** Marks a handler that calls `c.get('decide')` before it answers, tells the decision in its headers, and answers 429 when it is refused. */
export function limitsItself(handler: Handler<ApiEnv>): Handler<ApiEnv> {
  selfLimiting.add(handler)
  return handler
}

/**
 * Counts a request against its user and its address in one round trip; the headers go on every answer. A refused request
 * gets 429 whatever its handler does.
 */
export function limitRequests(options: {
  limiter: ApiLimiter
  profile: Config['clientAddress']
}): MiddlewareHandler<ApiEnv> {
  const { limiter, profile } = options
  return async (c, next) => {
    const identity = c.get('identity')
    const byAddress = toAddressTake(c, profile)
    let deciding: Promise<Decision> | undefined
    const decide = () => {
      deciding ??= limiter.take(
        identity.status === 'verified' ? [{ policy: 'user', key: identity.userId }, byAddress] : [byAddress],
      )
      return deciding
    }
    c.set('decide', decide)
    const isLater = identity.status === 'verified' && matchedRoutes(c).some(({ handler }) => selfLimiting.has(handler))
    const early = isLater ? undefined : await decide()
    if (early && !early.allowed) return refuseRequest(early)
    await next()
    const decision = await decide()
    if (!decision.allowed) {
      c.res = await refuseRequest(decision)
      return undefined
    }
    if (isLater && !c.error) return undefined
    // A route with a limit of its own leaves the decision that is nearer to refusing.
    for (const [name, value] of Object.entries(rateLimitHeaders(c.get('nearest') ?? decision))) {
      c.res.headers.set(name, value)
    }
    return undefined
  }
}

function toAddressTake(c: Context<ApiEnv>, profile: Config['clientAddress']) {
  const socketAddress = c.env?.incoming?.socket.remoteAddress
  const client = clientAddress(
    { headers: c.req.raw.headers, ...(socketAddress !== undefined && { socketAddress }) },
    { profile },
  )
  const policy = client.kind === 'ip' ? ('address' as const) : ('unknown-address' as const)
  return { policy, key: client.address }
}
