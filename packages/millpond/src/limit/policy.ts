import { createNonce } from '../key.ts'
import { type Duration, toMilliseconds, toShown } from '../time/duration.ts'
import type { AlgorithmSteps } from './algorithm-steps.ts'
import { concurrencySteps } from './concurrency.ts'
import { createZonedSteps, fixedWindowSteps } from './fixed-window.ts'
import { LEASE_MS, type Lease } from './lease.ts'
import { readWhole } from './read-whole.ts'
import { slidingWindowSteps } from './sliding-window.ts'
import { tokenBucketSteps } from './token-bucket.ts'
import { createZonedDays, type ZonedDays } from './zoned-days.ts'

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
  /** Counts and reports, but never refuses: to try a limit on real traffic. Default false. */
  readonly shadow?: boolean | undefined
  /** How many units above the limit the settlement of a reservation may record; default 0. */
  readonly debt?: number | undefined
}

/** What windows can do besides. */
export interface WindowOptions<Context> extends PolicyOptions<Context> {
  /** Lets each process take units in advance, in `blocksOf(n)`, and spend them by itself for up to a second. Default: each take asks the store. */
  readonly lease?: Lease | undefined
}

export interface FixedWindowOptions<Context> extends WindowOptions<Context> {
  /** With an IANA time zone, such as `'Europe/Berlin'`, the windows are the calendar days there, 23 to 25 hours long; `window` is then `'1d'`. */
  readonly timeZone?: string | undefined
}

export interface TokenBucketOptions<Context> extends PolicyOptions<Context> {
  /** Units that flow back in `window`; default as many as the limit, where that is a number. */
  readonly refill?: number | undefined
}

export interface ConcurrencyOptions<Context> {
  /** Permits that may be out at once: a whole number, at least 1. */
  readonly limit: LimitOf<Context>
  /** After how long a permit ends that is neither given back nor renewed: how long a crash can keep one. */
  readonly ttl: Duration
  readonly onUnavailable: OutageMode
  readonly shadow?: boolean | undefined
}

/** A declared limit. Made by `slidingWindow`, `fixedWindow`, `tokenBucket` or `concurrency`. */
export interface Policy<Context> {
  readonly steps: AlgorithmSteps
  /** Stands in the keys of its states, so that a policy whose states are of another kind after a deployment starts anew rather than read what it cannot. */
  readonly kind: string
  readonly limit: LimitOf<Context>
  /** The largest limit that the algorithm takes. */
  readonly largestLimit: number
  readonly windowMs: number
  readonly onUnavailable: OutageMode
  readonly shadow: boolean
  readonly debt: number
  readonly lease?: Lease
  readonly refill?: number
  readonly days?: ZonedDays
  /** Names who holds, for each take anew. */
  readonly permit?: () => string
}

/** The packed logs hold moments modulo 2^32 ms, and tell past from future within half of that. */
const LONGEST_PACKED_MS = 2 ** 31 - 1
const LARGEST_SLIDING_LIMIT = 10_000
const LONGEST_FIXED_MS = 366 * 86_400_000
/** Times the longest window, the level of a full bucket in debt is still a whole number that a double holds. */
const LARGEST_BUCKET_LIMIT = 1_000_000
const FASTEST_REFILL_PER_MS = 1_000
const LARGEST_CONCURRENCY = 10_000

/**
 * At most `limit` units in any rolling window, exactly. Costs about 4 bytes a unit in the store: meant for limits up to a few hundred, refused above 10,000. Windows up to 24 days.
 *
 * ```ts
 * import { createLimiter, slidingWindow } from 'millpond'
 * import { memory } from 'millpond/memory'
 *
 * const search = slidingWindow({ limit: 30, window: '10s', onUnavailable: 'open' })
 * const limiter = createLimiter({ store: memory(), policies: { search } })
 * console.log((await limiter.take({ policy: 'search', key: 'alice', cost: 25 })).allowed) // true
 * console.log((await limiter.take({ policy: 'search', key: 'alice', cost: 6 })).allowed) // false
 * ```
 *
 * @throws {RangeError} for an option that breaks its rule
 */
export function slidingWindow<Context = undefined>(options: WindowOptions<Context>): Policy<Context> {
  const action = 'Cannot create a sliding window'
  const policy = createPolicy(action, options, {
    steps: slidingWindowSteps,
    maxMs: LONGEST_PACKED_MS - (options?.lease === undefined ? 0 : LEASE_MS),
    largestLimit: LARGEST_SLIDING_LIMIT,
  })
  if (options.lease === undefined) return policy
  return { ...withLease(action, policy, options.lease), windowMs: policy.windowMs + LEASE_MS }
}

/**
 * At most `limit` units in each window of the calendar: windows aligned to the Unix epoch (a window of `'1d'` is a day in UTC), or the days of a time zone. Around a
 * boundary up to twice the limit passes within one window's length. Windows up to 366 days.
 *
 * ```ts
 * import { createLimiter, fixedWindow } from 'millpond'
 * import { memory } from 'millpond/memory'
 *
 * const limits = { free: 50, premium: 500 }
 * const chat = fixedWindow({
 *   limit: ({ tier }: { tier: 'free' | 'premium' }) => limits[tier],
 *   window: '1d',
 *   timeZone: 'Europe/Berlin',
 *   onUnavailable: 'closed',
 * })
 * const limiter = createLimiter({ store: memory(), policies: { chat } })
 * const decision = await limiter.take({ policy: 'chat', key: 'alice', context: { tier: 'premium' } })
 * if (decision.status === 'allowed') console.log(decision.nearest.remaining) // 499
 * ```
 *
 * @throws {RangeError} for an option that breaks its rule
 */
export function fixedWindow<Context = undefined>(options: FixedWindowOptions<Context>): Policy<Context> {
  const action = 'Cannot create a fixed window'
  const plain = createPolicy(action, options, {
    steps: fixedWindowSteps,
    maxMs: LONGEST_FIXED_MS,
    largestLimit: Number.MAX_SAFE_INTEGER,
  })
  const policy = options.lease === undefined ? plain : withLease(action, plain, options.lease)
  if (options.timeZone === undefined) return policy
  if (policy.windowMs !== 86_400_000) {
    throw new RangeError(`${action}: "window" must be "1d" where there is a time zone, received ${options.window}`)
  }
  const days = createZonedDays(action, options.timeZone)
  return { ...policy, days, steps: createZonedSteps(days) }
}

/**
 * A bucket of `limit` units into which `refill` units flow back per `window`, evenly (GCRA). In any span of t it admits at most limit + refill · t / window units: use it
 * for limits above a few hundred, where its constant size beats the exact log, or where short bursts are meant. Limits up to 1,000,000, windows up to 24 days.
 *
 * ```ts
 * import { createLimiter, tokenBucket } from 'millpond'
 * import { memory } from 'millpond/memory'
 *
 * // Bursts of 100, and 10 a second in the long run.
 * const api = tokenBucket({ limit: 100, refill: 10, window: '1s', onUnavailable: 'open' })
 * const limiter = createLimiter({ store: memory(), policies: { api } })
 * const decision = await limiter.take({ policy: 'api', key: 'alice', cost: 100 })
 * if (decision.status === 'allowed') console.log(decision.nearest.remaining) // 0
 * ```
 *
 * @throws {RangeError} for an option that breaks its rule
 */
export function tokenBucket<Context = undefined>(options: TokenBucketOptions<Context>): Policy<Context> {
  const action = 'Cannot create a token bucket'
  const { limit, refill = typeof limit === 'number' ? limit : undefined }: typeof options = Object(options)
  const policy = createPolicy(action, options, {
    steps: tokenBucketSteps,
    maxMs: LONGEST_PACKED_MS,
    largestLimit: LARGEST_BUCKET_LIMIT,
  })
  const fastest = Math.min(LARGEST_BUCKET_LIMIT, FASTEST_REFILL_PER_MS * policy.windowMs)
  return {
    ...policy,
    // Its level is counted in parts of the window.
    kind: `t${policy.windowMs}`,
    refill: readWhole(action, { name: 'refill', value: refill, min: 1, max: fastest }),
  }
}

/**
 * At most `limit` permits out at once. A permit is given back by `release`, kept by renewal (`hold` does both), and ends by itself after `ttl`, so that a crash keeps none for
 * longer than that.
 *
 * ```ts
 * import { concurrency, createLimiter, hold } from 'millpond'
 * import { memory } from 'millpond/memory'
 *
 * const exports = concurrency({ limit: 2, ttl: '30s', onUnavailable: 'closed' })
 * const limiter = createLimiter({ store: memory(), policies: { exports } })
 * const first = await hold(limiter, { policy: 'exports', key: 'alice' })
 * await hold(limiter, { policy: 'exports', key: 'alice' })
 * console.log((await limiter.peek({ policy: 'exports', key: 'alice' })).allowed) // false
 * await first.release()
 * console.log((await limiter.peek({ policy: 'exports', key: 'alice' })).allowed) // true
 * limiter.close()
 * ```
 *
 * @throws {RangeError} for an option that breaks its rule
 */
export function concurrency<Context = undefined>(options: ConcurrencyOptions<Context>): Policy<Context> {
  const { ttl: window, ...rest }: typeof options = Object(options)
  const policy = createPolicy(
    'Cannot create a concurrency limit',
    { ...rest, window },
    { steps: concurrencySteps, maxMs: LONGEST_PACKED_MS, largestLimit: LARGEST_CONCURRENCY, windowName: 'ttl' },
  )
  return { ...policy, permit: () => createNonce().slice(0, 8) }
}

function withLease<Context>(action: string, policy: Policy<Context>, lease: Lease): Policy<Context> {
  const max = typeof policy.limit === 'number' ? policy.limit : policy.largestLimit
  // A plain number would be read as no lease at all.
  if (!lease?.create) throw new TypeError(`${action}: "lease" must be blocksOf(n), received ${String(lease)}`)
  readWhole(action, { name: 'lease', value: lease.units, min: 2, max })
  return { ...policy, lease }
}

interface PolicyRule {
  readonly steps: AlgorithmSteps
  readonly maxMs: number
  readonly largestLimit: number
  readonly windowName?: string
}

function createPolicy<Context>(action: string, options: PolicyOptions<Context>, rule: PolicyRule): Policy<Context> {
  // Plain JavaScript may leave them out: the limit that is missing is what it is told of.
  const { limit, window, onUnavailable, shadow = false, debt = 0 }: typeof options = Object(options)
  const { steps, maxMs, largestLimit, windowName = 'window' } = rule
  if (typeof limit !== 'function') readWhole(action, { name: 'limit', value: limit, min: 1, max: largestLimit })
  if (!OUTAGE_MODES.includes(onUnavailable)) {
    throw new RangeError(
      `${action}: "onUnavailable" must be "open", "closed" or "local", received ${toShown(onUnavailable)}`,
    )
  }
  readWhole(action, { name: 'debt', value: debt, min: 0, max: largestLimit })
  const windowMs = toMilliseconds(window, { action, name: windowName, maxMs })
  return { steps, kind: steps.algorithm[0] as string, limit, largestLimit, windowMs, onUnavailable, shadow, debt }
}
