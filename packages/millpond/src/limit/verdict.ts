import { StoreReplyError } from '../errors.ts'

/** What one policy says of one key at one moment. */
export interface Verdict {
  readonly allowed: boolean
  /** Units left in the window after the decision. */
  readonly remaining: number
  /** Milliseconds until nothing counts against the key any more. */
  readonly resetMs: number
  /** 0 when allowed; else milliseconds until the same cost passes if nothing else is taken, Infinity when it never can. */
  readonly retryAfterMs: number
  /** Where units were taken: which ones, for a refund. */
  readonly mark?: string
}

/**
 * The verdict that a store gave for a check of the policy.
 *
 * @throws {StoreReplyError} when it gave none
 */
export function readVerdict(policy: string, verdict: Verdict | undefined): Verdict {
  if (verdict) return verdict
  throw new StoreReplyError(`Cannot take from "${policy}": the store must answer each check`)
}

/** The parameters of one step. */
export interface StepRule {
  /** Whole units, at least 1. A token bucket holds so many. */
  readonly limit: number
  /** The window's length; for permits their time to live. */
  readonly windowMs: number
  /** Whole units; 0 looks without taking. */
  readonly cost: number
  /** Token bucket: units that flow back in `windowMs`. */
  readonly refill?: number | undefined
  /** Fixed window of the calendar: when windows begin (milliseconds since the Unix epoch, ascending), from before now to after it. */
  readonly starts?: readonly number[] | undefined
  /** Concurrency: who holds, 8 characters of ASCII. */
  readonly permit?: string | undefined
}
