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
  readonly closing: { closed: boolean; onClose: () => void }
  refund(marks: readonly LimitMark[]): Promise<{ readonly delivered: boolean }>
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
