import type { StoreKey } from '../key.ts'
import type { CallPolicy } from '../resilience/call.ts'
import type { Clock } from '../time/clock.ts'
import type { LimitMark, LimitStore } from './limit-store.ts'

/** Where a limiter has what `reserve`, `hold` and `waitUntilReady` need of it: functions that are imported, so that nobody ships what they do not use. */
export const limiterParts: unique symbol = Symbol('parts')

/** What these functions need besides the limiter's methods. */
export interface LimiterParts {
  readonly guard: CallPolicy
  readonly store: LimitStore
  readonly clock: Clock
  /** Whether the limiter is closed, and what it does then. No signal: Cloudflare's workers make none outside a request. */
  closed: boolean
  onClose?: () => Promise<unknown>
  /** Makes a call that changes the counts of keys other than by a take: no refusal by them that was asked for before it ends is remembered after it. */
  change(
    operation: string,
    keyed: readonly { readonly key: StoreKey }[],
    call: () => Promise<unknown>,
  ): Promise<{ readonly delivered: boolean }>
}

/** Gives back what was taken. One round trip, none where there is nothing. */
export async function refundMarks(
  { change, store }: LimiterParts,
  marks: readonly LimitMark[],
): Promise<{ readonly delivered: boolean }> {
  return marks.length === 0 ? { delivered: true } : change('refund', marks, () => store.refund(marks))
}

/**
 * The parts of a limiter. Plain JavaScript may pass none.
 *
 * @throws {TypeError} when it is no limiter
 */
export function partsOf(limiter: { readonly [limiterParts]: LimiterParts }, action: string): LimiterParts {
  const parts = limiter?.[limiterParts]
  if (!parts) throw new TypeError(`${action}: "limiter" must be a limiter, received ${typeof limiter}`)
  return parts
}
