import type { StoreKey } from '../key.ts'
import type { Clock } from '../time/clock.ts'
import type { AlgorithmSteps } from './algorithm-steps.ts'
import type { LimitCheck, LimitStore } from './limit-store.ts'
import type { Verdict } from './verdict.ts'

interface Kept {
  readonly state: unknown
  readonly expiresAt: number
}

/** What is counted in this process: the part of a store that a limiter needs while its own does not answer, and what a store in memory is made of. */
export interface Counts<Check extends LimitCheck> extends Pick<LimitStore, 'reset'> {
  take(checks: readonly Check[]): Promise<readonly Verdict[]>
  peek(checks: readonly Check[]): Promise<readonly Verdict[]>
  /** What is kept of a key, which is of one algorithm. */
  find(check: LimitCheck, now: number): Kept | undefined
  keep(check: LimitCheck, state: unknown, expiresAt: number): void
  /** Takes the check if it fits, else looks at it. */
  settle(check: Check, now: number): Verdict
}

/**
 * Counts in this process by the steps that `stepsOf` has for a check, for at most `maxKeys` identities (default 100,000). When there are more, the one least recently counted is forgotten:
 * a flood of identities can never grow the process without bound.
 */
export function createCounts<Check extends LimitCheck>(options: {
  clock: Clock
  stepsOf: (check: Check) => AlgorithmSteps
  maxKeys?: number | undefined
}): Counts<Check> {
  const { clock, stepsOf, maxKeys = 100_000 } = options
  const kept = new Map<StoreKey, Kept>()

  function find({ key }: LimitCheck, now: number): Kept | undefined {
    const found = kept.get(key)
    return found && found.expiresAt > now ? found : undefined
  }

  function step(check: Check, now: number): [state: unknown, Verdict] {
    return stepsOf(check).step(find(check, now)?.state, now, check)
  }

  function keep({ key }: LimitCheck, state: unknown, expiresAt: number): void {
    kept.delete(key)
    if (kept.size >= maxKeys) kept.delete(kept.keys().next().value ?? key)
    kept.set(key, { state, expiresAt })
  }

  function settle(check: Check, now: number): Verdict {
    const [state, verdict] = step(check, now)
    if (verdict.allowed && check.cost > 0) keep(check, state, now + verdict.resetMs)
    return verdict
  }

  function look(check: Check, now: number): Verdict {
    const [, verdict] = step(check, now)
    return verdict.allowed ? step({ ...check, cost: 0 }, now)[1] : verdict
  }

  return {
    find,
    keep,
    settle,
    async take(checks) {
      const now = clock.now()
      // Each is looked at before any is counted, shadows too: where one cannot be decided, nothing has changed.
      const refused = checks.filter((check) => !step(check, now)[1].allowed).some(({ shadow }) => !shadow)
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
