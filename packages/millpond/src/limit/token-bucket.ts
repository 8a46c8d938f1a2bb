import { createSteps } from './algorithm-steps.ts'
import type { StepRule, Verdict } from './verdict.ts'

/**
 * The bucket as a meter: how full of taken units it was at the moment `at` (milliseconds of the store's clock). The level is counted in parts of a unit, `windowMs`
 * parts each, and drains by `refill` parts a millisecond: whole numbers throughout, so two implementations agree at every edge.
 */
export interface TokenBucketState {
  readonly level: number
  readonly at: number
  /**
   * Counts the units taken, without those of a last take that was given back, and starts anew with each bucket from a number that no earlier one reached. A refund gives back at most what was not
   * taken since its mark.
   */
  readonly taken: number
}

/** A bucket that is begun at a moment counts from this many times it. Above any rate in units a millisecond, and a safe integer until the year 2109. */
const COUNTS_FROM = 2_048

/**
 * Token bucket (GCRA): holds `limit` units, and `refill` units flow back in `windowMs`. In any span of t milliseconds it admits at most limit + t · refill / windowMs
 * units. Time that runs backwards is held at the last take.
 */
export function tokenBucketStep(
  state: TokenBucketState | undefined,
  now: number,
  rule: StepRule,
): [TokenBucketState | undefined, Verdict] {
  const { limit, windowMs, cost, refill = limit } = rule
  const { level, at, taken: before } = drain(state, now, refill)
  const room = Math.floor((limit * windowMs - level) / windowMs)
  const allowed = cost <= room
  const taken = allowed && cost > 0
  const next = taken ? level + cost * windowMs : level
  const waitFor = (parts: number) => at - now + Math.ceil(parts / refill)
  const verdict = {
    allowed,
    remaining: Math.max(0, taken ? room - cost : room),
    resetMs: next === 0 ? 0 : waitFor(next),
    retryAfterMs: allowed ? 0 : cost > limit ? Number.POSITIVE_INFINITY : waitFor(level + (cost - limit) * windowMs),
    ...(taken ? { mark: String(before + cost) } : {}),
  }
  return [taken ? { level: next, at, taken: before + cost } : state, verdict]
}

/**
 * Gives back up to `cost` units of the take after which the bucket's count was `mark`. What flowed back by itself is not given twice: the bucket keeps at least what was taken afterwards, so
 * its bound holds for what was not refunded. The last take, given back, was as if never made, also for the marks before it; in another order a bucket that is nearly empty may keep a little
 * more than one that remembered every take. A part of a unit given back counts as one.
 */
export function tokenBucketRefund(
  state: TokenBucketState | undefined,
  now: number,
  rule: StepRule & { readonly mark: string },
): [TokenBucketState | undefined, number] {
  if (state === undefined) return [state, 0]
  const { windowMs, cost, refill = rule.limit } = rule
  const { level, at, taken } = drain(state, now, refill)
  const since = taken - Number(rule.mark)
  const without = Math.max(level - cost * windowMs, since * windowMs)
  if (since < 0 || without >= level) return [state, 0]
  return [{ level: without, at, taken: since === 0 ? taken - cost : taken }, Math.ceil((level - without) / windowMs)]
}

function drain(state: TokenBucketState | undefined, now: number, refill: number): TokenBucketState {
  if (!state) return { level: 0, at: now, taken: now * COUNTS_FROM }
  const at = Math.max(now, state.at)
  const level = Math.max(0, state.level - (at - state.at) * refill)
  return { level, at, taken: level > 0 ? state.taken : Math.max(state.taken, at * COUNTS_FROM) }
}

export const tokenBucketSteps = /* @__PURE__ */ createSteps<TokenBucketState | undefined>(
  'token-bucket',
  undefined,
  tokenBucketStep,
)
