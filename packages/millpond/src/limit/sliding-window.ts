import { createSteps } from './algorithm-steps.ts'
import type { StepRule, Verdict } from './verdict.ts'

/** The moments (milliseconds of the store's clock) of the units admitted within the window, oldest first. */
export type SlidingWindowState = readonly number[]

/**
 * Sliding window log, exact: admits a cost at `now` only if it and the units admitted in the `windowMs` before do not exceed the limit. A unit taken at t
 * counts until t + windowMs, that moment excluded. Time that runs backwards is held at the newest unit, so the log stays in order and never forgets early.
 */
export function slidingWindowStep(
  state: SlidingWindowState,
  now: number,
  rule: StepRule,
): [SlidingWindowState, Verdict] {
  const { limit, windowMs, cost } = rule
  const at = Math.max(now, state.at(-1) ?? now)
  const live = state.filter((moment) => at - moment < windowMs)
  const allowed = live.length + cost <= limit
  const taken = allowed && cost > 0
  const next = taken ? [...live, ...Array<number>(cost).fill(at)] : live
  const newest = next.at(-1)
  const excess = live.length + cost - limit
  const verdict = {
    allowed,
    remaining: Math.max(0, limit - next.length),
    resetMs: newest === undefined ? 0 : newest + windowMs - now,
    retryAfterMs: allowed ? 0 : cost > limit ? Number.POSITIVE_INFINITY : (live[excess - 1] ?? at) + windowMs - now,
    ...(taken ? { mark: String(at) } : {}),
  }
  return [allowed ? next : state, verdict]
}

/** Gives back up to `cost` units that were taken at the moment `mark` and still count. Units of one moment are alike, so no window ever held more than was admitted. */
export function slidingWindowRefund(
  state: SlidingWindowState,
  now: number,
  rule: StepRule & { readonly mark: string },
): [SlidingWindowState, number] {
  const moment = Number(rule.mark)
  const at = Math.max(now, state.at(-1) ?? now)
  if (at - moment >= rule.windowMs) return [state, 0]
  const first = state.indexOf(moment)
  if (first === -1) return [state, 0]
  const count = Math.min(rule.cost, state.lastIndexOf(moment) - first + 1)
  return [state.toSpliced(first, count), count]
}

export const slidingWindowSteps = /* @__PURE__ */ createSteps<SlidingWindowState>(
  'sliding-window',
  [],
  slidingWindowStep,
)
