import type { Decision, LimitState } from './decision.ts'
import type { PolicyCheck } from './read-takes.ts'

/**
 * What a take came to under one policy. `withheld`: it would have passed, but another policy refused, so nothing was taken. `shadow-refused`: the policy only reports, and would have refused.
 * `degraded-…`: the store did not answer.
 */
export type LimitOutcome =
  | 'allowed'
  | 'refused'
  | 'withheld'
  | 'shadow-refused'
  | 'degraded-allowed'
  | 'degraded-refused'

/** What happened in a limiter. Carries names and numbers, never keys, contexts or messages of a store. */
export type LimitEvent<Name extends string = string> =
  | {
      /** One for each policy of a take. */
      readonly type: 'take'
      readonly policy: Name
      readonly outcome: LimitOutcome
      readonly cost: number
      /** Of how many units how many are left; undefined where the store did not answer. */
      readonly limit: number | undefined
      readonly remaining: number | undefined
      /** Answered without asking the store, since it had refused the same take a moment ago. */
      readonly remembered: boolean
    }
  | { readonly type: 'store-error'; readonly operation: string; readonly error: unknown }

/** Receives every event, synchronously; must not throw. */
export type LimitReporter<Name extends string = string> = (event: LimitEvent<Name>) => void

/** Totals of one policy since the limiter was created: takes by outcome, and how many of the refusals were remembered ones. */
export type LimitCounters = Record<LimitOutcome | 'remembered', number>

const NONE: LimitCounters = {
  allowed: 0,
  refused: 0,
  withheld: 0,
  'shadow-refused': 0,
  'degraded-allowed': 0,
  'degraded-refused': 0,
  remembered: 0,
}

export interface LimitTally<Name extends string> {
  readonly counters: Readonly<Record<Name, LimitCounters>>
  decision(checks: readonly PolicyCheck<Name>[], decision: Decision<Name>, remembered?: boolean): Decision<Name>
  storeError(operation: string, error: unknown): void
}

/** Counts what happens by policy, and passes it on. */
export function createLimitTally<Name extends string>(
  names: readonly Name[],
  report: LimitReporter<Name> | undefined,
): LimitTally<Name> {
  const counters = Object.fromEntries(names.map((name) => [name, { ...NONE }])) as Record<Name, LimitCounters>
  return {
    counters,
    decision(checks, decision, remembered = false) {
      checks.forEach((check, index) => {
        const { policy, cost } = check
        const state = decision.status === 'degraded' ? undefined : decision.limits[index]
        const outcome = toOutcome(check, decision, state)
        counters[policy][outcome] += 1
        if (remembered) counters[policy].remembered += 1
        report?.({
          type: 'take',
          policy,
          outcome,
          cost,
          limit: state?.limit,
          remaining: state?.remaining,
          remembered,
        })
      })
      return decision
    },
    storeError: (operation, error) => report?.({ type: 'store-error', operation, error }),
  }
}

/** `state` is what the store said of the check, undefined where it said nothing. */
function toOutcome(
  { shadow }: PolicyCheck<string>,
  { allowed }: Decision,
  state: LimitState | undefined,
): LimitOutcome {
  if (!state) return allowed ? 'degraded-allowed' : 'degraded-refused'
  if (!state.allowed) return shadow ? 'shadow-refused' : 'refused'
  return allowed ? 'allowed' : 'withheld'
}
