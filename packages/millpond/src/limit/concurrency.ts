import { createSteps } from './algorithm-steps.ts'
import type { StepRule, Verdict } from './verdict.ts'

/** The permits that are out: who holds each and until when (milliseconds of the store's clock). */
export type ConcurrencyState = readonly { readonly permit: string; readonly until: number }[]

/** Permits: at most `limit` are out at once. A permit that is neither given back nor renewed ends by itself after `windowMs`, so a crash never keeps one for longer. */
export function concurrencyStep(state: ConcurrencyState, now: number, rule: StepRule): [ConcurrencyState, Verdict] {
  const { limit, windowMs, cost, permit = '' } = rule
  const live = state.filter(({ until }) => until > now)
  const allowed = live.length + cost <= limit
  const taken = allowed && cost > 0
  const next = taken ? [...live, ...Array.from({ length: cost }, () => ({ permit, until: now + windowMs }))] : live
  const ends = live.map(({ until }) => until).sort((a, b) => a - b)
  const verdict = {
    allowed,
    remaining: Math.max(0, limit - next.length),
    resetMs: Math.max(0, ...next.map(({ until }) => until - now)),
    retryAfterMs: allowed
      ? 0
      : cost > limit
        ? Number.POSITIVE_INFINITY
        : (ends[live.length + cost - limit - 1] ?? now) - now,
    ...(taken ? { mark: permit } : {}),
  }
  return [allowed ? next : state, verdict]
}

/** Gives back the permits that `mark` holds. */
export function concurrencyRefund(
  state: ConcurrencyState,
  now: number,
  { mark }: { readonly mark: string },
): [ConcurrencyState, number] {
  const live = state.filter(({ until }) => until > now)
  const next = live.filter(({ permit }) => permit !== mark)
  return next.length === live.length ? [state, 0] : [next, live.length - next.length]
}

/** Lets the permits that `mark` holds, and that have not ended, live `windowMs` from now. */
export function concurrencyProlong(
  state: ConcurrencyState,
  now: number,
  { mark, windowMs }: { readonly mark: string; readonly windowMs: number },
): [ConcurrencyState, number] {
  const live = state.filter(({ until }) => until > now)
  const count = live.filter(({ permit }) => permit === mark).length
  if (count === 0) return [state, 0]
  return [live.map((held) => (held.permit === mark ? { ...held, until: now + windowMs } : held)), count]
}

export const concurrencySteps = /* @__PURE__ */ createSteps<ConcurrencyState>('concurrency', [], concurrencyStep)
