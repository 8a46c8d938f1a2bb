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
    code: z.string().openapi({ description: 'What kind of error it is, for programs', example: 'invalid_request' }),
    errors: z.array(FieldError).optional(),
  })
  .openapi('Problem')

/** A refusal by a limit: which ones, and when to come back. The numbers are missing while the store that counts does not answer. */
const LimitProblem = Problem.extend({
  'violated-policies': z.array(z.string()).optional(),
  limit: z.int().optional(),
  remaining: z.int().optional(),
  retry_after: z.int().optional().openapi({ description: 'Seconds, as in `Retry-After`' }),
}).openapi('LimitProblem')

const DESCRIPTIONS = {
  400: 'The request is not valid; `errors` names the fields',
  401: 'No valid bearer token',
  404: 'There is nothing here',
  409: 'The Idempotency-Key was used with another body',
  412: '`If-Match` names an older version, or `If-None-Match` the one there is',
  413: 'The body is larger than this route takes',
  415: 'The body is not application/json, or is compressed',
  429: 'Too many requests; `Retry-After` says when to come back',
  500: 'The service failed; the request can be sent again',
  503: 'A part of the service does not answer',
} as const

const ALWAYS = [429, 500, 503] as const
const HEADERS: Partial<Record<keyof typeof DESCRIPTIONS, ReturnType<typeof toHeader>>> = {
  401: toHeader('WWW-Authenticate', 'What to send'),
  412: toHeader('ETag', 'That of the version there is now'),
  429: toHeader('Retry-After', 'Seconds'),
}

/** A header that an answer always has, as the document says it. */
export function toHeader(name: string, description: string) {
  return { [name]: { required: true, schema: { type: 'string' as const }, description } }
}

/** The documented error answers: those with these statuses, and those that every route may give. */
export function problems(
  ...statuses: Exclude<keyof typeof DESCRIPTIONS, (typeof ALWAYS)[number]>[]
): RouteConfig['responses'] {
  return Object.fromEntries(
    [...statuses, ...ALWAYS].map((status) => {
      const content = { 'application/problem+json': { schema: status === 429 ? LimitProblem : Problem } }
      return [status, { description: DESCRIPTIONS[status], headers: HEADERS[status] ?? {}, content }]
    }),
  )
}

/** Adds a route to an application and to its OpenAPI document. The handler reads the request by the same schemas. */
export function documentRoute(app: OpenAPIHono<ApiEnv>, route: RouteConfig, handler: Handler<ApiEnv>): void {
  app.openAPIRegistry.registerPath(route)
  app.on(route.method.toUpperCase(), route.path.replace(/\{(\w+)\}/g, ':$1'), handler)
}
