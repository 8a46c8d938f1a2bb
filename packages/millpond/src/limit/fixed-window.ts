import type { StepRule, Verdict } from './verdict.ts'

/** The window that is being counted (its start, milliseconds since the Unix epoch) and the units taken in it. */
export interface FixedWindowState {
  readonly start: number
  readonly count: number
}

/**
 * Fixed window counter: windows are aligned to the Unix epoch. Around a boundary it admits up to twice the limit within one window's length; use it where the
 * calendar is meant (a quota a day). Time that runs backwards stays in the window already begun.
 */
export function fixedWindowStep(
  state: FixedWindowState | undefined,
  now: number,
  rule: StepRule,
): [FixedWindowState | undefined, Verdict] {
  const { limit, windowMs, cost } = rule
  const start = Math.max(Math.floor(now / windowMs) * windowMs, state?.start ?? 0)
  const taken = state !== undefined && state.start === start ? state.count : 0
  const allowed = taken + cost <= limit
  const count = allowed ? taken + cost : taken
  const endsInMs = start + windowMs - now
  const verdict = {
    allowed,
    remaining: Math.max(0, limit - count),
    resetMs: count === 0 ? 0 : endsInMs,
    retryAfterMs: allowed ? 0 : cost > limit ? Number.POSITIVE_INFINITY : endsInMs,
  }
  return [allowed && cost > 0 ? { start, count } : state, verdict]
}
