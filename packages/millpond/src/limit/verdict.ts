/** What one policy says of one key at one moment. */
export interface Verdict {
  readonly allowed: boolean
  /** Units left in the window after the decision. */
  readonly remaining: number
  /** Milliseconds until nothing counts against the key any more. */
  readonly resetMs: number
  /** 0 when allowed; else milliseconds until the same cost passes if nothing else is taken, Infinity when it never can. */
  readonly retryAfterMs: number
}

/** The parameters of one step. */
export interface StepRule {
  /** Whole units, at least 1. */
  readonly limit: number
  readonly windowMs: number
  /** Whole units; 0 looks without taking. */
  readonly cost: number
}
