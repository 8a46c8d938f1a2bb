import { StoreTimeoutError } from '../errors.ts'
import type { Clock } from '../time/clock.ts'
import type { CallPolicy } from './call.ts'

/** The calls that began together, which one timer bounds. */
interface Bucket {
  /** Rejects the calls that are still open. */
  readonly open: Set<() => void>
  cancel: () => void
}

/** A timer that fires this late was kept from firing by the process, not by the store. */
const LATE_MS = 10

/**
 * Bounds each call: after `deadlineMs` it rejects with StoreTimeoutError, whatever becomes of the call. Time during which the process itself was
 * blocked does not count against the store: a timer that fires late grants once what it was late by, at most the deadline again.
 */
export function createDeadline(options: { deadlineMs: number; clock: Clock }): CallPolicy {
  const { deadlineMs, clock } = options
  let current: Bucket | undefined

  function enter(): Bucket {
    if (current) return current
    const startedAt = clock.now()
    const expire = () => {
      for (const reject of bucket.open) reject()
    }
    const onTime = () => {
      const lateMs = clock.now() - startedAt - deadlineMs
      if (lateMs < LATE_MS) expire()
      else bucket.cancel = clock.after(Math.min(lateMs, deadlineMs), expire)
    }
    const bucket: Bucket = { open: new Set(), cancel: clock.after(deadlineMs, onTime) }
    current = bucket
    // Later ones may be of another request, and on some platforms a request takes its timers with it when it ends.
    queueMicrotask(() => {
      current = undefined
    })
    return bucket
  }

  return (operation, call) =>
    new Promise((resolve, reject) => {
      const bucket = enter()
      const giveUp = () => reject(new StoreTimeoutError(operation, deadlineMs))
      bucket.open.add(giveUp)
      const leave = () => {
        if (bucket.open.delete(giveUp) && bucket.open.size === 0) bucket.cancel()
      }
      call().then(
        (value) => {
          leave()
          resolve(value)
        },
        (error: unknown) => {
          leave()
          reject(error)
        },
      )
    })
}
