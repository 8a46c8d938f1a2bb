import type { StoreKey } from '../key.ts'
import type { StepRule, Verdict } from './verdict.ts'

/** The algorithms that a store can run. */
export const ALGORITHMS = ['sliding-window', 'fixed-window'] as const
export type Algorithm = (typeof ALGORITHMS)[number]

/** One policy applied to one key. */
export interface LimitCheck extends StepRule {
  readonly key: StoreKey
  readonly algorithm: Algorithm
}

/** What the limiter asks of a store. */
export interface LimitStore {
  /**
   * Takes all the checks or none, atomically, on the store's clock, in one round trip: when one refuses, no counter changes, and the verdicts of the others
   * are as a look would give them. Keys are distinct. Rejects when the store does not answer; it may then have run, so it is never repeated.
   */
  take(checks: readonly LimitCheck[]): Promise<readonly Verdict[]>
}
