import type { Algorithm, LimitMark } from './limit-store.ts'
import type { StepRule, Verdict } from './verdict.ts'

/** An algorithm as a store that runs TypeScript uses it: pure functions from a state, which only they can read, to the next. */
export interface AlgorithmSteps {
  readonly algorithm: Algorithm
  /** Takes the cost if it fits. The state is undefined where nothing is counted. */
  step(state: unknown, now: number, rule: StepRule): [state: unknown, Verdict]
  /** Gives back what `mark` says was taken, and how many units that were. Gives the very same state where nothing changes. */
  refund(state: unknown, now: number, mark: LimitMark): [state: unknown, units: number]
  /** Lets the permits of `mark` live on, and says how many these were. */
  prolong(state: unknown, now: number, mark: LimitMark): [state: unknown, units: number]
}

type Change<State> = (state: State, now: number, mark: LimitMark) => [State, number]

/** Hides the type of an algorithm's state, of which `empty` stands for none. */
export function createSteps<State>(parts: {
  algorithm: Algorithm
  empty: State
  step: (state: State, now: number, rule: StepRule) => [State, Verdict]
  refund: Change<State>
  prolong?: Change<State>
}): AlgorithmSteps {
  const { algorithm, empty, step, refund, prolong = (state: State) => [state, 0] } = parts
  const known = (state: unknown) => (state === undefined ? empty : (state as State))
  return {
    algorithm,
    step: (state, now, rule) => step(known(state), now, rule),
    refund: (state, now, mark) => refund(known(state), now, mark),
    prolong: (state, now, mark) => prolong(known(state), now, mark),
  }
}
