import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import type { ApiEnv } from './api-env.ts'

const DAY_SECONDS = 86_400

const EXPOSED = [
  'Age',
  'Cache-Status',
  'ETag',
  'Idempotency-Replayed',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'X-Request-Id',
]

/** Lets pages of these origins call the API from a browser, with a token but without cookies. Others get no CORS header. */
export function allowOrigins(origins: readonly string[]): MiddlewareHandler<ApiEnv> {
  const preflight = cors({
    origin: [...origins],
    allowMethods: ['GET', 'POST', 'PATCH', 'DELETE'],
    allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'If-None-Match'],
    exposeHeaders: EXPOSED,
    maxAge: DAY_SECONDS,
  })
  const exposed = EXPOSED.join(',')
  return async (c, next) => {
    if (origins.length === 0) return next()
    const isPreflight = c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined
    if (isPreflight) return preflight(c, next)
    // Hono's own sets headers before the answer is there, which makes each answer again, as a stream, to join the two.
    await next()
    const { headers } = c.res
    headers.append('Vary', 'Origin')
    const origin = c.req.header('origin')
    if (origin === undefined || !origins.includes(origin)) return undefined
    headers.set('Access-Control-Allow-Origin', origin)
    headers.set('Access-Control-Expose-Headers', exposed)
    return undefined
  }
}
