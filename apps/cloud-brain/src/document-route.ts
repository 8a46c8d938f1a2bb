import { type OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi'
import type { Handler } from 'hono'
import type { ApiEnv } from './api-env.ts'

const FieldError = z.object({ field: z.string(), detail: z.string() })

/** Every error of the API (RFC 9457). */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    code: z.string().optional(),
    errors: z.array(FieldError).optional(),
  })
  .openapi('Problem')

const DESCRIPTIONS = {
  400: 'The request is not valid; `errors` names the fields',
  401: 'No valid bearer token',
  404: 'There is nothing here',
  409: 'The Idempotency-Key was used with another body',
  412: 'If-Match names an older version',
  413: 'The body is larger than this route takes',
  415: 'The body is not application/json',
  429: 'Too many requests; `Retry-After` says when to come back',
  503: 'A part of the service does not answer',
} as const

/** The documented error answers with these statuses. */
export function problems(...statuses: (keyof typeof DESCRIPTIONS)[]): RouteConfig['responses'] {
  const content = { 'application/problem+json': { schema: Problem } }
  return Object.fromEntries(statuses.map((status) => [status, { description: DESCRIPTIONS[status], content }]))
}

/** Adds a route to an application and to its OpenAPI document. The handler reads the request by the same schemas. */
export function documentRoute(app: OpenAPIHono<ApiEnv>, route: RouteConfig, handler: Handler<ApiEnv>): void {
  app.openAPIRegistry.registerPath(route)
  app.on(route.method.toUpperCase(), route.path.replace(/\{(\w+)\}/g, ':$1'), handler)
}
