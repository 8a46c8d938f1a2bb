import type { StoreKey } from '../key.ts'
import type { StepRule, Verdict } from './verdict.ts'

/** The algorithms that a store can run. */
export const ALGORITHMS = ['sliding-window', 'fixed-window', 'token-bucket', 'concurrency'] as const
export type Algorithm = (typeof ALGORITHMS)[number]

/** One policy applied to one key. */
export interface LimitCheck extends StepRule {
  readonly key: StoreKey
  readonly algorithm: Algorithm
  /** Counts by itself and never keeps the others from being taken. */
  readonly shadow?: boolean | undefined
}

/** Units that a take took: its check, and the mark of its verdict. */
export interface LimitMark extends LimitCheck {
  readonly mark: string
}

/**
 * What the limiter asks of a store. Each method is atomic, one round trip, and on the store's clock. Keys in one call are distinct. All reject when the store does not
 * answer; the call may then have run, so it is never repeated.
 */
export interface LimitStore {
  /**
   * Takes all the checks or none: when one that is no shadow refuses, no counter changes, and the verdicts of the others are as a look would give them. A shadow
   * check takes when the others do and it fits.
   */
  take(checks: readonly LimitCheck[]): Promise<readonly Verdict[]>
  /** Says of each check what a take of it alone would say, and takes nothing; `remaining` is as it stands. */
  peek(checks: readonly LimitCheck[]): Promise<readonly Verdict[]>
  /** Takes from each check what fits under its limit, up to its cost. Gives the units taken. */
  charge(checks: readonly LimitCheck[]): Promise<readonly number[]>
  /** Gives units back, each up to the cost of the check, as far as they still count. Gives how many. */
  refund(marks: readonly LimitMark[]): Promise<readonly number[]>
  /** Lets permits live `windowMs` from now. Gives how many of each were still held. */
  prolong(marks: readonly LimitMark[]): Promise<readonly number[]>
  /** What of the store may cost counts, in words for whoever runs it. One command. Absent: nothing is known. */
  warnings?(): Promise<readonly string[]>
  /** Forgets what was counted. */
  reset(keys: readonly StoreKey[]): Promise<void>
}
