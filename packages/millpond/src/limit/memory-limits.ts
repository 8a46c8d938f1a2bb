import type { AlgorithmChanges, AlgorithmSteps } from './algorithm-steps.ts'
import { type CountsOptions, createCounts } from './counts.ts'
import type { LimitMark, LimitStore } from './limit-store.ts'

/** The limiter's contract on what is counted in this process. */
export function createMemoryLimits(options: CountsOptions<AlgorithmSteps & AlgorithmChanges>): LimitStore {
  const { clock } = options
  const algorithms = [...options.algorithms]
  const { find, keep, settle, ...counts } = createCounts({ ...options, algorithms })
  const changesOf = new Map(algorithms.map((changes) => [changes.algorithm, changes]))

  function change(mark: LimitMark, now: number, by: 'refund' | 'prolong'): number {
    const found = find(mark, now)
    const changes = changesOf.get(mark.algorithm)
    if (!found || !changes) return 0
    const [state, count] = changes[by](found.state, now, mark)
    if (state === found.state) return 0
    keep(mark, state, by === 'prolong' ? Math.max(found.expiresAt, now + mark.windowMs) : found.expiresAt)
    return count
  }

  return {
    ...counts,
    async charge(checks) {
      const now = clock.now()
      return checks.map((check) => {
        const cost = Math.min(check.cost, settle({ ...check, cost: 0 }, now).remaining)
        settle({ ...check, cost }, now)
        return cost
      })
    },
    async refund(marks) {
      const now = clock.now()
      return marks.map((mark) => change(mark, now, 'refund'))
    },
    async prolong(marks) {
      const now = clock.now()
      return marks.map((mark) => change(mark, now, 'prolong'))
    },
  }
}
