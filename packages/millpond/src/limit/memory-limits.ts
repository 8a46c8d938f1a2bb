import type { StoreKey } from '../key.ts'
import type { Clock } from '../time/clock.ts'
import type { AlgorithmSteps } from './algorithm-steps.ts'
import type { Algorithm, LimitCheck, LimitMark, LimitStore } from './limit-store.ts'

interface Kept {
  readonly algorithm: Algorithm
  readonly state: unknown
  readonly expiresAt: number
}

/**
 * Limits counted in this process by the given algorithms, for at most `maxKeys` identities (default 100,000). When there are more, the one least recently counted is forgotten:
 * a flood of identities can never grow the process without bound.
 */
export function createMemoryLimits(options: {
  clock: Clock
  algorithms: Iterable<AlgorithmSteps>
  maxKeys?: number | undefined
}): LimitStore {
  const { clock, maxKeys = 100_000 } = options
  const stepsOf = new Map(Array.from(options.algorithms, (steps) => [steps.algorithm, steps]))
  const kept = new Map<StoreKey, Kept>()

  /** A state of another algorithm counts as none. */
  function find({ key, algorithm }: LimitCheck, now: number): Kept | undefined {
    const found = kept.get(key)
    return found && found.expiresAt > now && found.algorithm === algorithm ? found : undefined
  }

  function toSteps(algorithm: Algorithm): AlgorithmSteps {
    const steps = stepsOf.get(algorithm)
    if (steps) return steps
    throw new RangeError(`Cannot take: "algorithm" must be one that the store knows, received ${algorithm}`)
  }

  function run(check: LimitCheck, now: number) {
    const [state, verdict] = toSteps(check.algorithm).step(find(check, now)?.state, now, check)
    return { state, verdict }
  }

  function keep({ key, algorithm }: LimitCheck, state: unknown, expiresAt: number): void {
    kept.delete(key)
    if (kept.size >= maxKeys) kept.delete(kept.keys().next().value ?? key)
    kept.set(key, { algorithm, state, expiresAt })
  }

  /** Takes the check if it fits, else looks at it. */
  function settle(check: LimitCheck, now: number) {
    const step = run(check, now)
    if (!step.verdict.allowed || check.cost === 0) return step.verdict
    keep(check, step.state, now + step.verdict.resetMs)
    return step.verdict
  }

  function look(check: LimitCheck, now: number) {
    const { verdict } = run(check, now)
    return verdict.allowed ? run({ ...check, cost: 0 }, now).verdict : verdict
  }

  return {
    async take(checks) {
      const now = clock.now()
      const refused = checks.some((check) => !check.shadow && !run(check, now).verdict.allowed)
      return checks.map((check) => (refused ? look(check, now) : settle(check, now)))
    },
    async peek(checks) {
      const now = clock.now()
      return checks.map((check) => look(check, now))
    },
    async charge(checks) {
      const now = clock.now()
      return checks.map((check) => {
        const cost = Math.min(check.cost, run({ ...check, cost: 0 }, now).verdict.remaining)
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
    async reset(keys) {
      for (const key of keys) kept.delete(key)
    },
  }

  function change(mark: LimitMark, now: number, by: 'refund' | 'prolong'): number {
    const found = find(mark, now)
    if (!found) return 0
    const [state, count] = toSteps(mark.algorithm)[by](found.state, now, mark)
    if (state === found.state) return 0
    keep(mark, state, by === 'prolong' ? Math.max(found.expiresAt, now + mark.windowMs) : found.expiresAt)
    return count
  }
}
