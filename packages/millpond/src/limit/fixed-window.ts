import { StoreReplyError } from '../errors.ts'
import { type AlgorithmSteps, createSteps } from './algorithm-steps.ts'
import type { StepRule, Verdict } from './verdict.ts'
import type { ZonedDays } from './zoned-days.ts'

/** The window that is being counted, by the moment of its first take (milliseconds since the Unix epoch), and the units taken in it. */
export interface FixedWindowState {
  /** Names this count: one that was begun anew after a reset has another, so that no refund is of what was taken before. */
  readonly began: number
  readonly count: number
}

/**
 * Fixed window counter: windows are aligned to the Unix epoch, or begin where `starts` says. Around a boundary it admits up to twice the limit within one window's
 * length; use it where the calendar is meant (a quota a day). Time that runs backwards stays in the window already begun.
 *
 * @throws {StoreReplyError} when now lies in none of the windows that `starts` names
 */
export function fixedWindowStep(
  state: FixedWindowState | undefined,
  now: number,
  rule: StepRule,
): [FixedWindowState | undefined, Verdict] {
  const { limit, cost } = rule
  const { start, end } = toWindow(Math.max(now, state?.began ?? 0), rule)
  if (start === undefined || end === undefined) throw new StoreReplyError(CLOCKS_DIFFER)
  const { began, count: before } = state !== undefined && state.began >= start ? state : { began: now, count: 0 }
  const allowed = before + cost <= limit
  const taken = allowed && cost > 0
  const count = taken ? before + cost : before
  const verdict = {
    allowed,
    remaining: Math.max(0, limit - count),
    resetMs: count === 0 ? 0 : end - now,
    retryAfterMs: allowed ? 0 : cost > limit ? Number.POSITIVE_INFINITY : end - now,
    ...(taken ? { mark: String(began) } : {}),
  }
  return [taken ? { began, count } : state, verdict]
}

/** Gives back up to `cost` units if the count that began at `mark` is still that of the window: none when now lies in no window that `starts` names. */
export function fixedWindowRefund(
  state: FixedWindowState | undefined,
  now: number,
  rule: StepRule & { readonly mark: string },
): [FixedWindowState | undefined, number] {
  if (state === undefined) return [state, 0]
  const { began } = state
  const { start, end } = toWindow(Math.max(now, began), rule)
  if (start === undefined || end === undefined || began < start || began !== Number(rule.mark)) return [state, 0]
  const count = Math.min(rule.cost, state.count)
  return [{ began, count: state.count - count }, count]
}

/** The window around the moment; a bound is undefined where `starts` names none. */
function toWindow(
  moment: number,
  { windowMs, starts }: StepRule,
): { start: number | undefined; end: number | undefined } {
  if (!starts) {
    const start = Math.floor(moment / windowMs) * windowMs
    return { start, end: start + windowMs }
  }
  return {
    start: starts.findLast((boundary) => boundary <= moment),
    end: starts.find((boundary) => boundary > moment),
  }
}

/** What a take of calendar days says when the store's clock lies outside the days around the caller's. */
export const CLOCKS_DIFFER =
  'Cannot take: the clocks of this process and of the store must agree to within a day where windows follow a calendar'

export const fixedWindowSteps = /* @__PURE__ */ createSteps<FixedWindowState | undefined>(
  'fixed-window',
  undefined,
  fixedWindowStep,
)

/**
 * The same over calendar days, as a limiter counts while its store is away, by the one clock that names the days too: they are those around the moment of the decision, whatever they were
 * when the take began. A count of days to come is from before that clock was set back, and nothing is counted yet. With a store whose clock differs that is an error instead.
 */
export function createZonedSteps(days: ZonedDays): AlgorithmSteps {
  return createSteps<FixedWindowState | undefined>('fixed-window', undefined, (state, now, given) => {
    const rule = { ...given, starts: days(now) }
    const isToCome = state !== undefined && toWindow(Math.max(now, state.began), rule).end === undefined
    return fixedWindowStep(isToCome ? undefined : state, now, rule)
  })
}
