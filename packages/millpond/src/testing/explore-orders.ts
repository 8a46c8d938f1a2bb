import { readWhole } from '../limit/read-whole.ts'
import { type Branch, type Outcome, type RunSettings, runOrder, type Scenario } from './run-order.ts'

export interface ExploreOptions {
  /** Fails when there are more orders than this, rather than run without end; default 1,000,000. */
  readonly maxOrders?: number
  /** Fails when one order has more steps than this; default 1,000. */
  readonly maxSteps?: number
  /** How many orders run at the same time, each in a world of its own: for steps that wait for a server; default 1. */
  readonly lanes?: number
  /** Lets what is ready at once run, up to the next steps; default one turn of the event loop. */
  readonly settle?: () => Promise<void>
}

/** What was explored. */
export interface Exploration {
  /** Orders run to their end: no two of them are the same up to an exchange of neighbouring steps that touch nothing in common. */
  readonly orders: number
  /** Orders given up half way, because what could follow had been run already. */
  readonly givenUp: number
  /** The steps of the longest order. */
  readonly longest: number
}

/**
 * Runs a scenario in **every** order of its steps: each order from its beginning in a world of its own, depth first and always in the same sequence. Two orders that differ only in
 * neighbouring steps that touch nothing in common count as one (sleep sets, after Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems", 1996). Cost: orders ×
 * steps; four actors of four steps that all conflict have 63 million.
 *
 * ```ts
 * import { exploreOrders } from 'millpond/testing'
 *
 * const { orders } = await exploreOrders((stage) => {
 *   const seen: string[] = []
 *   const say = (name: string) => () => stage.step(`${name} speaks`, () => void seen.push(name))
 *   return {
 *     actors: { alice: say('alice'), bob: say('bob') },
 *     atEnd() {
 *       if (seen.length !== 2) throw new RangeError('somebody was not heard')
 *     },
 *   }
 * })
 * console.log(orders) // 2
 * ```
 *
 * @throws {OrderError} for the first order that fails, with its trace and the failure as `cause`
 * @throws {RangeError} when there are more orders than `maxOrders`, or an option is not a whole number from 1
 */
export async function exploreOrders(scenario: Scenario, options: ExploreOptions = {}): Promise<Exploration> {
  const { maxOrders = 1_000_000, maxSteps = 1_000, lanes = 1, settle = turn } = options
  for (const [name, value] of Object.entries({ maxOrders, maxSteps, lanes }))
    readWhole('Cannot explore', { name, value, min: 1 })
  const branches: Branch[] = [{ trace: [], asleep: [] }]
  let [orders, givenUp, longest, running] = [0, 0, 0, 0]
  let failure: unknown

  function count({ ended, trace }: Outcome): void {
    if (ended) orders += 1
    else givenUp += 1
    longest = Math.max(longest, trace.length)
    if (orders > maxOrders) throw new RangeError(`Cannot explore: there must be at most ${maxOrders} orders`)
  }

  async function work(lane: number): Promise<void> {
    const settings: RunSettings = { lane, maxSteps, settle, fork: (branch) => void branches.push(branch) }
    while (failure === undefined && (branches.length > 0 || running > 0)) {
      const branch = branches.pop()
      if (branch === undefined) {
        await turn()
        continue
      }
      running += 1
      try {
        count(await runOrder(scenario, branch, settings))
      } catch (error) {
        failure ??= error
      }
      running -= 1
    }
  }

  await Promise.all(Array.from({ length: lanes }, (_, lane) => work(lane)))
  if (failure !== undefined) throw failure
  return { orders, givenUp, longest }
}

/**
 * Runs one order: the steps of `trace` (of an `OrderError`), then always the first that may come.
 *
 * @throws {OrderError} when it fails, or when the trace is not one of the scenario's
 */
export async function replayOrder(
  scenario: Scenario,
  trace: readonly string[],
  options: Pick<ExploreOptions, 'maxSteps' | 'settle'> = {},
): Promise<readonly string[]> {
  const { maxSteps = 1_000, settle = turn } = options
  readWhole('Cannot replay', { name: 'maxSteps', value: maxSteps, min: 1 })
  const outcome = await runOrder(scenario, { trace, asleep: [] }, { lane: 0, maxSteps, settle, fork: undefined })
  return outcome.trace
}

/** One turn of the event loop, after everything that is ready. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve)
    else setTimeout(resolve, 0)
  })
}
