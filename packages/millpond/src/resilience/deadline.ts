import { StoreTimeoutError } from '../errors.ts'
import type { Clock } from '../time/clock.ts'
import type { CallPolicy } from './call.ts'

/**
 * Bounds each call: after `deadlineMs` it rejects with StoreTimeoutError, whatever becomes of the call. Time during which the process itself was
 * blocked does not count against the store: a timer that fires late grants once what it was late by, at most the deadline again.
 */
export function createDeadline(options: { deadlineMs: number; clock: Clock }): CallPolicy {
  const { deadlineMs, clock } = options
  return (operation, call) =>
    new Promise((resolve, reject) => {
      const startedAt = clock.now()
      const expire = () => reject(new StoreTimeoutError(operation, deadlineMs))
      let cancel = clock.after(deadlineMs, () => {
        const lateMs = clock.now() - startedAt - deadlineMs
        if (lateMs < 10) return expire()
        cancel = clock.after(Math.min(lateMs, deadlineMs), expire)
      })
      call().then(
        (value) => {
          cancel()
          resolve(value)
        },
        (error: unknown) => {
          cancel()
          reject(error)
        },
      )
    })
}
