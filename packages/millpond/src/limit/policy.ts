import { type Duration, toMilliseconds } from '../time/duration.ts'
import type { Algorithm } from './limit-store.ts'

/** What a policy answers while the store does not: let everything pass, refuse everything, or count in this process alone. */
export const OUTAGE_MODES = ['open', 'closed', 'local'] as const
export type OutageMode = (typeof OUTAGE_MODES)[number]

/** A limit as a number, or from the context that a caller passes with `take`. */
export type LimitOf<Context> = number | ((context: Context) => number)

export interface PolicyOptions<Context> {
  /** Units per window: a whole number, at least 1. */
  readonly limit: LimitOf<Context>
  readonly window: Duration
  readonly onUnavailable: OutageMode
}

/** A declared limit. Made by `slidingWindow` or `fixedWindow`. */
export interface Policy<Context> {
  readonly algorithm: Algorithm
  readonly limit: LimitOf<Context>
  readonly windowMs: number
  readonly onUnavailable: OutageMode
}

/** The packed log holds moments modulo 2^32 ms, and tells past from future within half of that. */
const LONGEST_SLIDING_MS = 2 ** 31 - 1
const LARGEST_SLIDING_LIMIT = 10_000
const LONGEST_FIXED_MS = 366 * 86_400_000

/**
 * At most `limit` units in any rolling window, exactly. Costs about 4 bytes a unit in the store: meant for limits up to a few hundred, refused above 10,000. Windows up to 24 days.
 *
 * @throws {RangeError} for an option that breaks its rule
 */
export function slidingWindow<Context = undefined>(options: PolicyOptions<Context>): Policy<Context> {
  const action = 'Cannot create a sliding window'
  if (typeof options.limit === 'number' && options.limit > LARGEST_SLIDING_LIMIT) {
    throw new RangeError(`${action}: "limit" must be at most ${LARGEST_SLIDING_LIMIT}, received ${options.limit}`)
  }
  return createPolicy(action, 'sliding-window', LONGEST_SLIDING_MS, options)
}

/**
 * At most `limit` units in each window of the calendar, windows being aligned to the Unix epoch (a window of `'1d'` is a day in UTC). Windows up to 366 days.
 *
 * @throws {RangeError} for an option that breaks its rule
 */
export function fixedWindow<Context = undefined>(options: PolicyOptions<Context>): Policy<Context> {
  return createPolicy('Cannot create a fixed window', 'fixed-window', LONGEST_FIXED_MS, options)
}

function createPolicy<Context>(
  action: string,
  algorithm: Algorithm,
  maxMs: number,
  options: PolicyOptions<Context>,
): Policy<Context> {
  const { limit, window, onUnavailable } = options
  if (typeof limit !== 'function') readLimit(action, limit)
  if (!OUTAGE_MODES.includes(onUnavailable)) {
    throw new RangeError(
      `${action}: "onUnavailable" must be "open", "closed" or "local", received ${JSON.stringify(onUnavailable)}`,
    )
  }
  return { algorithm, limit, windowMs: toMilliseconds(window, { action, name: 'window', maxMs }), onUnavailable }
}

/**
 * Checks a limit.
 *
 * @throws {RangeError} when it is not a whole number from 1
 */
export function readLimit(action: string, limit: unknown): number {
  if (typeof limit === 'number' && Number.isSafeInteger(limit) && limit >= 1) return limit
  throw new RangeError(`${action}: "limit" must be an integer >= 1, received ${String(limit)}`)
}
