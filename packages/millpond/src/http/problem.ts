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

/** A response with `application/problem+json`, not to be stored by a cache unless `headers` say otherwise. */
export function problem({
  status,
  title,
  detail,
  type = 'about:blank',
  headers: given,
  extensions,
}: Problem): Response {
  // What is undefined is left out of JSON.
  const document = { type, title, status, detail, ...extensions }
  // By name, which may be written in any case.
  const headers = new Headers(given)
  if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store')
  headers.set('Content-Type', 'application/problem+json')
  return new Response(JSON.stringify(document), { status, headers })
}

const QUOTA_EXCEEDED = 'https://iana.org/assignments/http-problem-types#quota-exceeded'

/**
 * The response to a take that was not allowed: 429 with the rate-limit headers, a true `Retry-After` and the violated policies. When the store did not answer: 429
 * where this process counted and refused (`local`), with its own wait and no other number; 503 where the policy refuses for want of an answer (`closed`).
 */
export function tooManyRequests(decision: Decision): Response {
  if (decision.status === 'refused') return quotaExceeded(decision)
  const wait = retryAfterSeconds(decision)
  if (wait === undefined) {
    return problem({
      status: 503,
      title: 'Service Unavailable',
      detail: 'The limit on requests cannot be checked at the moment; try again shortly',
    })
  }
  return problem({
    status: 429,
    type: QUOTA_EXCEEDED,
    title: 'Too Many Requests',
    detail: `The limit on requests is reached; try again in ${wait} s`,
    headers: rateLimitHeaders(decision),
    extensions: { retry_after: wait },
  })
}

function quotaExceeded(decision: Decision & { status: 'refused' }): Response {
  const violated = decision.limits.filter(({ allowed, shadow }) => !allowed && !shadow)
  const wait = retryAfterSeconds(decision)
  return problem({
    status: 429,
    type: QUOTA_EXCEEDED,
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
      retry_after: wait,
    },
  })
}
