import type { Clock } from '../time/clock.ts'
import type { AlgorithmChanges, AlgorithmSteps } from './algorithm-steps.ts'
import { createCounts } from './counts.ts'
import type { LimitCheck, LimitMark, LimitStore } from './limit-store.ts'

/** The limiter's contract on what is counted in this process, by the given algorithms. */
export function createMemoryLimits(options: {
  clock: Clock
  algorithms: readonly (AlgorithmSteps & AlgorithmChanges)[]
  maxKeys?: number | undefined
}): LimitStore {
  const { clock, maxKeys } = options
  const known = new Map(options.algorithms.map((steps) => [steps.algorithm, steps]))
  const { find, keep, settle, ...counts } = createCounts({ clock, stepsOf, maxKeys })

  function stepsOf({ algorithm }: LimitCheck): AlgorithmSteps & AlgorithmChanges {
    const steps = known.get(algorithm)
    if (steps) return steps
    throw new RangeError(`Cannot take: "algorithm" must be one that the store knows, received ${algorithm}`)
  }

  function change(mark: LimitMark, now: number, by: 'refund' | 'prolong'): number {
    const found = find(mark, now)
    if (!found) return 0
    const [state, count] = stepsOf(mark)[by](found.state, now, mark)
    if (state === found.state) return 0
    keep(mark, state, by === 'prolong' ? Math.max(found.expiresAt, now + mark.windowMs) : found.expiresAt)
    return count
  }

  return {
    ...counts,
    async charge(checks) {
      const now = clock.now()
      // As in a take: where one cannot be decided, nothing is charged.
      const costs = checks.map((check) => Math.min(check.cost, settle({ ...check, cost: 0 }, now).remaining))
      checks.forEach((check, index) => {
        settle({ ...check, cost: costs[index] ?? 0 }, now)
      })
      return costs
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
