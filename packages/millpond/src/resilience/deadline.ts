import { StoreTimeoutError } from '../errors.ts'
import type { Clock } from '../time/clock.ts'
import type { CallPolicy } from './call.ts'

/** The calls that began within one millisecond, which one timer bounds together. */
interface Bucket {
  readonly startedAt: number
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

  function enter(startedAt: number): Bucket {
    if (current?.startedAt === startedAt && current.open.size > 0) return current
    const bucket: Bucket = { startedAt, open: new Set(), cancel: () => {} }
    bucket.cancel = clock.after(deadlineMs, () => {
      const lateMs = clock.now() - startedAt - deadlineMs
      if (lateMs < LATE_MS) return expire(bucket)
      bucket.cancel = clock.after(Math.min(lateMs, deadlineMs), () => expire(bucket))
    })
    current = bucket
    return bucket
  }

  function expire({ open }: Bucket): void {
    for (const reject of open) reject()
  }

  return (operation, call) =>
    new Promise((resolve, reject) => {
      const bucket = enter(clock.now())
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
