import type { Algorithm, LimitMark } from './limit-store.ts'
import type { StepRule, Verdict } from './verdict.ts'

/** An algorithm as it is run in TypeScript: a pure function from a state, which only the algorithm can read, to the next. */
export interface AlgorithmSteps {
  readonly algorithm: Algorithm
  /** Takes the cost if it fits. The state is undefined where nothing is counted. */
  step(state: unknown, now: number, rule: StepRule): [state: unknown, Verdict]
}

/** What a store in memory can do with a state besides: a limiter that counts without its store never gives back. */
export interface AlgorithmChanges {
  /** Gives back what `mark` says was taken, and how many units that were. Gives the very same state where nothing changes. */
  refund(state: unknown, now: number, mark: LimitMark): [state: unknown, units: number]
  /** Lets the permits of `mark` live on, and says how many these were. */
  prolong(state: unknown, now: number, mark: LimitMark): [state: unknown, units: number]
}

/** Hides the type of an algorithm's state, of which `empty` stands for none. */
export function createSteps<State>(
  algorithm: Algorithm,
  empty: State,
  step: (state: State, now: number, rule: StepRule) => [State, Verdict],
): AlgorithmSteps {
  return { algorithm, step: (state, now, rule) => step(state === undefined ? empty : (state as State), now, rule) }
}

type Change<State> = (state: State, now: number, mark: LimitMark) => [State, number]

/** Adds to the steps of an algorithm what changes a state of its own. */
export function withChanges<State>(
  steps: AlgorithmSteps,
  refund: Change<State>,
  prolong: Change<State> = (state) => [state, 0],
): AlgorithmSteps & AlgorithmChanges {
  return {
    ...steps,
    refund: (state, now, mark) => refund(state as State, now, mark),
    prolong: (state, now, mark) => prolong(state as State, now, mark),
  }
}
