import type { Decision } from 'millpond'
import { nearestDecision, rateLimitHeaders } from 'millpond/http'

/**
 * The rate-limit headers of one answer: those of whichever decision is nearest to refusing. A decision without numbers,
 * made while the store was down, gives way to one that has them.
 */
export function mergedHeaders(decisions: readonly (Decision | undefined)[]): Record<string, string> {
  const present = decisions.filter((decision) => decision !== undefined)
  const [first, ...others] = present
  return first === undefined ? {} : rateLimitHeaders(others.reduce(nearestDecision, first))
}
