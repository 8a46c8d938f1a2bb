import { BreakerOpenError, StoreReplyError } from '../errors.ts'
import { type Clock, instantOf } from '../time/clock.ts'
import type { CallPolicy } from './call.ts'

/**
 * Stops asking a store that does not answer. After `failures` failures in a row (a reply that is an error is an answer) calls are refused with
 * BreakerOpenError without being made (such a refusal by another breaker counts neither way); once `cooldownMs` has passed, and then once in each `cooldownMs`, a call goes through as a probe, and the first that succeeds closes the breaker,
 * of which `onClose` is told.
 */
export function createBreaker(options: {
  failures: number
  cooldownMs: number
  clock: Clock
  onClose?: () => void
}): CallPolicy {
  const { failures, cooldownMs, clock, onClose } = options
  let failed = 0
  let openUntil = 0
  return (operation, call) => {
    const open = failed >= failures
    if (open && instantOf(clock) < openUntil) {
      const message = `Cannot ${operation}: the store failed ${failed} times in a row and is left alone`
      return Promise.reject(new BreakerOpenError(message))
    }
    // By time and not by its answer: on some platforms a request takes its calls with it when it ends.
    if (open) openUntil = instantOf(clock) + cooldownMs
    // Without `async`: each hit passes here, and each promise is paid for.
    return call().then(
      (value) => {
        failed = 0
        if (open) onClose?.()
        return value
      },
      (error: unknown) => {
        openUntil = 0
        if (!(error instanceof BreakerOpenError)) {
          failed = error instanceof StoreReplyError ? 0 : failed + 1
          openUntil = instantOf(clock) + cooldownMs
        }
        throw error
      },
    )
  }
}
