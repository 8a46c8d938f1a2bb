import type { Decision } from 'millpond'
import { z } from 'zod'

/** The proxy's own decision for a request, on its way to the route. The proxy always overwrites or removes it. */
export const decisionHeader = 'x-headwater-global-limit'

const limitState = z.object({
  policy: z.string(),
  limit: z.number(),
  windowMs: z.number(),
  remaining: z.number(),
  resetMs: z.number(),
  retryAfterMs: z.number(),
  allowed: z.boolean(),
})
const states = { limits: z.array(limitState), nearest: limitState }

const decision = z.discriminatedUnion('status', [
  z.object({ status: z.literal('allowed'), allowed: z.literal(true), ...states }),
  z.object({
    status: z.literal('refused'),
    allowed: z.literal(false),
    ...states,
    refusedBy: z.string(),
    retryAfterMs: z.number(),
  }),
  z.object({
    status: z.literal('degraded'),
    allowed: z.boolean(),
    mode: z.enum(['open', 'closed', 'local']),
    policies: z.array(z.string()),
    retryAfterMs: z.number().optional(),
  }),
])

/** As one line of ASCII. The cause of an outage stays behind: it is for the log, not for a header. */
export function encodeDecision(value: Decision): string {
  const { cause: _, ...rest } = { cause: undefined, ...value }
  return JSON.stringify(rest)
}

/** The decision that the proxy sent along; undefined when the proxy did not run for this request. */
export function readForwardedDecision(headers: Headers): Decision | undefined {
  const text = headers.get(decisionHeader)
  if (text === null) return undefined
  try {
    const parsed = decision.parse(JSON.parse(text))
    return parsed.status === 'degraded' ? { retryAfterMs: undefined, ...parsed, cause: undefined } : parsed
  } catch {
    return undefined
  }
}

/** Whether the decision was also about `policy`, or about a client of whom only one policy is asked. */
export function coversPolicy(value: Decision, policy: string): boolean {
  const names = value.status === 'degraded' ? value.policies : value.limits.map((state) => state.policy)
  return names.includes(policy) || names.includes('unknown')
}
