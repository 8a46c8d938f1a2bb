import type { Decision } from '../limit/decision.ts'
import { rateLimitHeaders } from './headers.ts'
import { tooManyRequests } from './problem.ts'

export interface GuardOptions {
  /** Decides on the request: usually `() => limiter.take([...])`. */
  readonly limits: () => Promise<Decision>
  /** Answers it. Called only when it is allowed, so a refused request costs nothing behind the guard. */
  readonly answer: (decision: Decision) => Response | Promise<Response>
}

/** Answers a request within its limits: the answer with the rate-limit headers, or 429 (503 where an outage refuses). A header that the answer already has stays. */
export async function guard({ limits, answer }: GuardOptions): Promise<Response> {
  const decision = await limits()
  if (!decision.allowed) return tooManyRequests(decision)
  return withRateLimit(await answer(decision), decision)
}

/** The response with the rate-limit headers of a decision. Those that it already has stay. */
export function withRateLimit(response: Response, decision: Decision): Response {
  const missing = Object.entries(rateLimitHeaders(decision)).filter(([name]) => !response.headers.has(name))
  if (missing.length === 0) return response
  // The headers of a response that came from fetch cannot be changed.
  const headers = new Headers(response.headers)
  for (const [name, value] of missing) headers.set(name, value)
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}
