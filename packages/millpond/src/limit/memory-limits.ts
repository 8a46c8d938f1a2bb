import type { StoreKey } from '../key.ts'
import type { Clock } from '../time/clock.ts'
import { type FixedWindowState, fixedWindowStep } from './fixed-window.ts'
import type { LimitCheck, LimitStore } from './limit-store.ts'
import { type SlidingWindowState, slidingWindowStep } from './sliding-window.ts'
import type { Verdict } from './verdict.ts'

type State =
  | { readonly algorithm: 'sliding-window'; readonly value: SlidingWindowState }
  | { readonly algorithm: 'fixed-window'; readonly value: FixedWindowState | undefined }

interface Kept {
  readonly state: State
  readonly expiresAt: number
}

/**
 * Limits counted in this process, for at most `maxKeys` identities (default 100,000). When there are more, the one least recently counted is forgotten:
 * a flood of identities can never grow the process without bound.
 */
export function createMemoryLimits(options: { clock: Clock; maxKeys?: number | undefined }): LimitStore {
  const { clock } = options
  const maxKeys = options.maxKeys ?? 100_000
  const kept = new Map<StoreKey, Kept>()

  function run(check: LimitCheck, now: number): { state: State; verdict: Verdict } {
    const found = kept.get(check.key)
    return step(found && found.expiresAt > now ? found.state : undefined, now, check)
  }

  function keep(check: LimitCheck, state: State, expiresAt: number): void {
    kept.delete(check.key)
    if (kept.size >= maxKeys) kept.delete(kept.keys().next().value ?? check.key)
    kept.set(check.key, { state, expiresAt })
  }

  return {
    async take(checks) {
      const now = clock.now()
      const steps = checks.map((check) => ({ check, ...run(check, now) }))
      if (!steps.every(({ verdict }) => verdict.allowed)) {
        return steps.map(({ check, verdict }) => (verdict.allowed ? run({ ...check, cost: 0 }, now).verdict : verdict))
      }
      for (const { check, state, verdict } of steps) if (check.cost > 0) keep(check, state, now + verdict.resetMs)
      return steps.map(({ verdict }) => verdict)
    },
  }
}

/** Runs one algorithm; a state of another algorithm counts as none. */
function step(state: State | undefined, now: number, check: LimitCheck): { state: State; verdict: Verdict } {
  const { algorithm } = check
  switch (algorithm) {
    case 'sliding-window': {
      const [value, verdict] = slidingWindowStep(state?.algorithm === algorithm ? state.value : [], now, check)
      return { state: { algorithm, value }, verdict }
    }
    case 'fixed-window': {
      const [value, verdict] = fixedWindowStep(state?.algorithm === algorithm ? state.value : undefined, now, check)
      return { state: { algorithm, value }, verdict }
    }
    default:
      throw new RangeError(
        `Cannot take: "algorithm" must be one that the store knows, received ${algorithm satisfies never}`,
      )
  }
}
