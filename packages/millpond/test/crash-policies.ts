import { blocksOf } from '../src/limit/lease.ts'
import { concurrency, slidingWindow } from '../src/limit/policy.ts'

export const LEASED = { limit: 30, window: 2_000, lease: blocksOf(10) } as const
export const JOBS = { limit: 4, ttl: 3_000 } as const

/** What the processes of the crash tests share. */
export const CRASH_POLICIES = {
  leased: slidingWindow({ ...LEASED, onUnavailable: 'closed' }),
  jobs: concurrency({ ...JOBS, onUnavailable: 'closed' }),
}
