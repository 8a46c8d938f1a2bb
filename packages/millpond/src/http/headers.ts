import { type Decision, isNearer, type LimitState } from '../limit/decision.ts'

/**
 * The rate-limit headers of a decision, for its policy nearest to refusing: `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers, and the older
 * `X-RateLimit-Limit`, `-Remaining`, `-Reset`. Times are whole seconds from now, rounded up; on a refusal they and `Retry-After` name the same moment. A degraded
 * decision has no numbers, and shadows show none, so none of these; `Retry-After` alone where this process counted and refused.
 */
export function rateLimitHeaders(decision: Decision): Record<string, string> {
  const retryAfter = retryAfterSeconds(decision)
  const retry: Record<string, string> = retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }
  if (decision.status === 'degraded' || decision.nearest.shadow) return retry
  const { policy, limit, windowMs, remaining } = decision.nearest
  const resetSeconds = toResetSeconds(decision.nearest)
  return {
    'RateLimit-Policy': `"${policy}";q=${toShort(limit)};w=${Math.ceil(windowMs / 1000)}`,
    RateLimit: `"${policy}";r=${toShort(remaining)};t=${resetSeconds}`,
    'X-RateLimit-Limit': String(limit),
    'X-RateLimit-Remaining': String(remaining),
    'X-RateLimit-Reset': String(resetSeconds),
    ...retry,
  }
}

/** The decision of two that is nearer to refusing: a refusal first, then one with numbers before a degraded one, then the longer wait or the smaller remainder. Where two limits guard one request, its headers are the ones to send. */
export function nearestDecision(a: Decision, b: Decision): Decision {
  if (a.allowed !== b.allowed) return a.allowed ? b : a
  if (a.status === 'degraded') return b
  if (b.status === 'degraded') return a
  return isNearer(b.nearest, a.nearest) ? b : a
}

/** `Retry-After` in whole seconds, at least 1; undefined when the decision allows, when nothing is known, or when it can never pass. */
export function retryAfterSeconds(decision: Decision): number | undefined {
  if (decision.status === 'allowed') return undefined
  const { retryAfterMs } = decision
  if (retryAfterMs === undefined || !Number.isFinite(retryAfterMs)) return undefined
  return Math.max(1, Math.ceil(retryAfterMs / 1000))
}

/** RFC 9651 has integers of 15 digits; who has no limit may be given more. */
function toShort(units: number): number {
  return Math.min(units, 1e15 - 1)
}

function toResetSeconds({ allowed, retryAfterMs, resetMs }: LimitState): number {
  const ms = !allowed && Number.isFinite(retryAfterMs) ? retryAfterMs : resetMs
  return Math.max(allowed ? 0 : 1, Math.ceil(ms / 1000))
}
