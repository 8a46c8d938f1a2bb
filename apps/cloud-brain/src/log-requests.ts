import { randomUUID } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { Logger } from 'pino'
import type { ApiEnv } from './api-env.ts'
import type { Clock } from './clock.ts'
import type { Metrics } from './metrics.ts'

/**
 * Gives each request an id, counts it and logs how it went. The route's pattern is logged instead of the URL, and no header, body
 * or identity.
 */
export function logRequests({
  logger,
  clock,
  metrics,
}: {
  logger: Logger
  clock: Clock
  metrics: Metrics
}): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const requestId = randomUUID()
    const startedAt = clock.now()
    c.set('requestId', requestId)
    await next()
    c.res.headers.set('X-Request-Id', requestId)
    c.res.headers.set('X-Content-Type-Options', 'nosniff')
    c.res.headers.set('Referrer-Policy', 'no-referrer')
    const ms = clock.now() - startedAt
    const route = routePath(c, -1)
    metrics.observe({ method: c.req.method, route, status: c.res.status, seconds: ms / 1000 })
    logger.info(
      {
        requestId,
        method: c.req.method,
        route,
        status: c.res.status,
        ms,
        cache: c.res.headers.get('Cache-Status') ?? undefined,
      },
      'request',
    )
  }
}
