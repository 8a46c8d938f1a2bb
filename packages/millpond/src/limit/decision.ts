import type { OutageMode } from './policy.ts'
import type { Verdict } from './verdict.ts'

/** Where a key stands under one policy. */
export interface LimitState<Name extends string = string> extends Omit<Verdict, 'mark'> {
  readonly policy: Name
  readonly limit: number
  /** The window's length; of a token bucket, how long an empty one takes to fill. */
  readonly windowMs: number
  /** The policy only reports: it had no part in the decision. */
  readonly shadow?: true
}

/** What a take came to. `allowed` says whether to go on; `status` says why. */
export type Decision<Name extends string = string> =
  | {
      readonly status: 'allowed'
      readonly allowed: true
      /** One for each policy asked for, in that order, shadows included. */
      readonly limits: readonly LimitState<Name>[]
      /** The one nearest to refusing; a shadow only where there is no other. */
      readonly nearest: LimitState<Name>
    }
  | {
      readonly status: 'refused'
      readonly allowed: false
      readonly limits: readonly LimitState<Name>[]
      readonly nearest: LimitState<Name>
      /** The policy that refused; of several, the one that refuses longest. */
      readonly refusedBy: Name
      /** Milliseconds until the same take passes if nothing else is taken; Infinity when a cost is above its limit. */
      readonly retryAfterMs: number
    }
  | {
      /** The store did not answer: no numbers are known. */
      readonly status: 'degraded'
      readonly allowed: boolean
      /** The strictest mode among the policies, which decided. */
      readonly mode: OutageMode
      readonly policies: readonly Name[]
      /** Where this process counted and refused (mode `local`): milliseconds until its own count lets the same take pass. Undefined otherwise. */
      readonly retryAfterMs: number | undefined
      readonly cause: unknown
    }

/** Makes a decision of the policies' states: refused when one refused that is no shadow. */
export function toDecision<Name extends string>(limits: readonly LimitState<Name>[]): Decision<Name> {
  const nearest = limits.reduce((a, b) => (isNearer(b, a) ? b : a))
  if (nearest.allowed || nearest.shadow) return { status: 'allowed', allowed: true, limits, nearest }
  return {
    status: 'refused',
    allowed: false,
    limits,
    nearest,
    refusedBy: nearest.policy,
    retryAfterMs: nearest.retryAfterMs,
  }
}

/** Whether `a` is nearer to refusing than `b`: policies before shadows, a refusal before an allowance, the longer wait first, then fewer units left, then the longer reset. */
export function isNearer(a: LimitState, b: LimitState): boolean {
  // The difference of two waits without end is not a number, which decides nothing either.
  return (
    ((a.shadow ? 0 : 1) - (b.shadow ? 0 : 1) ||
      (a.allowed ? 0 : 1) - (b.allowed ? 0 : 1) ||
      a.retryAfterMs - b.retryAfterMs ||
      b.remaining - a.remaining ||
      a.resetMs - b.resetMs) > 0
  )
}
