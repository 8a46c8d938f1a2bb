import type { StoreKey } from '../key.ts'
import type { Clock } from '../time/clock.ts'
import type { AlgorithmSteps } from './algorithm-steps.ts'
import type { Algorithm, LimitCheck, LimitStore } from './limit-store.ts'
import type { Verdict } from './verdict.ts'

interface Kept {
  readonly algorithm: Algorithm
  readonly state: unknown
  readonly expiresAt: number
}

/** What is counted in this process: the part of a store that a limiter needs while its own does not answer, and what a store in memory is made of. */
export interface Counts extends Pick<LimitStore, 'take' | 'peek' | 'reset'> {
  /** What is kept of a key; a state of another algorithm counts as none. */
  find(check: LimitCheck, now: number): Kept | undefined
  keep(check: LimitCheck, state: unknown, expiresAt: number): void
  /** Takes the check if it fits, else looks at it. */
  settle(check: LimitCheck, now: number): Verdict
}

export interface CountsOptions<Steps extends AlgorithmSteps> {
  readonly clock: Clock
  readonly algorithms: Iterable<Steps>
  readonly maxKeys?: number | undefined
}

/**
 * Counts in this process by the given algorithms, for at most `maxKeys` identities (default 100,000). When there are more, the one least recently counted is forgotten:
 * a flood of identities can never grow the process without bound.
 */
export function createCounts({ clock, algorithms, maxKeys = 100_000 }: CountsOptions<AlgorithmSteps>): Counts {
  const stepsOf = new Map(Array.from(algorithms, (steps) => [steps.algorithm, steps]))
  const kept = new Map<StoreKey, Kept>()

  function find({ key, algorithm }: LimitCheck, now: number): Kept | undefined {
    const found = kept.get(key)
    return found && found.expiresAt > now && found.algorithm === algorithm ? found : undefined
  }

  function step(check: LimitCheck, now: number): [state: unknown, Verdict] {
    const steps = stepsOf.get(check.algorithm)
    if (steps) return steps.step(find(check, now)?.state, now, check)
    throw new RangeError(`Cannot take: "algorithm" must be one that the store knows, received ${check.algorithm}`)
  }

  function keep({ key, algorithm }: LimitCheck, state: unknown, expiresAt: number): void {
    kept.delete(key)
    if (kept.size >= maxKeys) kept.delete(kept.keys().next().value ?? key)
    kept.set(key, { algorithm, state, expiresAt })
  }

  function settle(check: LimitCheck, now: number): Verdict {
    const [state, verdict] = step(check, now)
    if (verdict.allowed && check.cost > 0) keep(check, state, now + verdict.resetMs)
    return verdict
  }

  function look(check: LimitCheck, now: number): Verdict {
    const [, verdict] = step(check, now)
    return verdict.allowed ? step({ ...check, cost: 0 }, now)[1] : verdict
  }

  return {
    find,
    keep,
    settle,
    async take(checks) {
      const now = clock.now()
      const refused = checks.some((check) => !check.shadow && !step(check, now)[1].allowed)
      return checks.map((check) => (refused ? look : settle)(check, now))
    },
    async peek(checks) {
      const now = clock.now()
      return checks.map((check) => look(check, now))
    },
    async reset(keys) {
      for (const key of keys) kept.delete(key)
    },
  }
}
