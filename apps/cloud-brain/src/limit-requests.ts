import type { Context, MiddlewareHandler } from 'hono'
import { clientAddress, rateLimitHeaders, tooManyRequests } from 'millpond/http'
import type { ApiEnv } from './api-env.ts'
import type { Config } from './config.ts'
import type { ApiLimiter } from './limits.ts'

/** Counts a request against its user and its address in one round trip; the headers go on every answer. */
export function limitRequests(options: {
  limiter: ApiLimiter
  profile: Config['clientAddress']
}): MiddlewareHandler<ApiEnv> {
  const { limiter, profile } = options
  return async (c, next) => {
    const identity = c.get('identity')
    const byAddress = toAddressTake(c, profile)
    const decision = await limiter.take(
      identity.status === 'verified' ? [{ policy: 'user', key: identity.userId }, byAddress] : [byAddress],
    )
    if (!decision.allowed) return tooManyRequests(decision)
    c.set('decision', decision)
    await next()
    // A route with a limit of its own leaves the decision that is nearer to refusing.
    const nearest = c.get('decision') ?? decision
    for (const [name, value] of Object.entries(rateLimitHeaders(nearest))) c.res.headers.set(name, value)
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
