import type { Decision } from '../limit/decision.ts'
import { rateLimitHeaders, retryAfterSeconds } from './headers.ts'

/** A problem document of RFC 9457. */
export interface Problem {
  /** HTTP status, 400 to 599. */
  readonly status: number
  readonly title: string
  readonly detail?: string | undefined
  /** A URI that names the kind of problem; default `about:blank`. */
  readonly type?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Further members of the document. */
  readonly extensions?: Readonly<Record<string, unknown>> | undefined
}

/** A response with `application/problem+json`, never to be stored by a cache. */
export function problem({ status, title, detail, type = 'about:blank', headers, extensions }: Problem): Response {
  const document = { type, title, status, ...(detail === undefined ? {} : { detail }), ...extensions }
  return new Response(JSON.stringify(document), {
    status,
    headers: { 'Cache-Control': 'no-store', ...headers, 'Content-Type': 'application/problem+json' },
  })
}

/**
 * The response to a take that was not allowed: 429 with the rate-limit headers, a true `Retry-After` and the violated policies; 503 when the store did not answer
 * and the policy's outage mode refused, without invented numbers.
 */
export function tooManyRequests(decision: Decision): Response {
  if (decision.status !== 'refused') {
    return problem({
      status: 503,
      title: 'Service Unavailable',
      detail: 'The limit on requests cannot be checked at the moment; try again shortly',
    })
  }
  const violated = decision.limits.filter(({ allowed }) => !allowed)
  const wait = retryAfterSeconds(decision)
  return problem({
    status: 429,
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
    title: 'Too Many Requests',
    detail:
      wait === undefined
        ? `The request costs more than the limit of policy "${decision.refusedBy}" and can never pass`
        : `The limit of policy "${decision.refusedBy}" is reached; try again in ${wait} s`,
    headers: rateLimitHeaders(decision),
    extensions: {
      'violated-policies': violated.map(({ policy }) => policy),
      limit: decision.nearest.limit,
      remaining: decision.nearest.remaining,
      ...(wait === undefined ? {} : { retry_after: wait }),
    },
  })
}
