import { randomUUID } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { Logger } from 'pino'
import type { ApiEnv } from './api-env.ts'
import type { Clock } from './clock.ts'

/**
 * Gives each request an id and logs how it went. The route's pattern is logged instead of the URL, and no header, body
 * or identity.
 */
export function logRequests({ logger, clock }: { logger: Logger; clock: Clock }): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const requestId = randomUUID()
    const startedAt = clock.now()
    c.set('requestId', requestId)
    await next()
    c.res.headers.set('X-Request-Id', requestId)
    c.res.headers.set('X-Content-Type-Options', 'nosniff')
    c.res.headers.set('Referrer-Policy', 'no-referrer')
    logger.info(
      {
        requestId,
        method: c.req.method,
        route: routePath(c, -1),
        status: c.res.status,
        ms: clock.now() - startedAt,
        cache: c.res.headers.get('Cache-Status') ?? undefined,
      },
      'request',
    )
  }
}
