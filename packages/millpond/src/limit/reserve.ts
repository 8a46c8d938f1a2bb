import type { Decision } from './decision.ts'
import type { LimitCheck } from './limit-store.ts'
import type { Limiter } from './limiter.ts'
import { partsOf, refundMarks } from './limiter-parts.ts'
import type { Policies, PolicyCheck, Take } from './read-takes.ts'
import { readWhole } from './read-whole.ts'
import { claimTaken } from './taken.ts'

/** What became of a settlement. */
export interface Settlement {
  /** Whether the store has it. Undelivered, the reserved units stay taken until their window has passed. */
  readonly delivered: boolean
  /** Units above the reserved ones that were recorded nowhere, since limit and debt were used up: of the policy with the most. */
  readonly unrecorded: number
}

/** Units taken in advance for a cost that is known only afterwards. */
export interface Reservation<Name extends string> {
  readonly decision: Decision<Name>
  /**
   * Settles at what it cost in the end: less gives back the rest; more is taken on top, up to the limit and the policy's `debt`, never beyond. A number is the cost under each policy
   * reserved from; by policy, as `{ tokens: 700 }`, those not named stay at what was reserved. Permits are given back. Once; a second time, or where nothing was reserved, nothing happens.
   * One round trip.
   *
   * @throws {RangeError} when a cost is not a whole number from 0, or a policy was not reserved from
   */
  settle(cost: number | { readonly [Policy in Name]?: number }): Promise<Settlement>
  /** Gives all back. */
  cancel(): Promise<Settlement>
}

/**
 * Takes an estimated cost now, to be settled at what it came to. A reservation that is never settled stays taken until its window has passed. Takes as `limiter.take` does, and throws what it throws.
 *
 * ```ts
 * import { createLimiter, reserve, slidingWindow, tokenBucket } from 'millpond'
 * import { memory } from 'millpond/memory'
 *
 * const requests = slidingWindow({ limit: 60, window: '60s', onUnavailable: 'open' })
 * const tokens = tokenBucket({ limit: 10_000, window: '60s', onUnavailable: 'open' })
 * const limiter = createLimiter({ store: memory(), policies: { requests, tokens } })
 *
 * const { decision, settle } = await reserve(limiter, [
 *   { policy: 'requests', key: 'alice' },
 *   { policy: 'tokens', key: 'alice', cost: 1_000 },
 * ])
 * if (decision.allowed) console.log(await settle({ tokens: 700 })) // { delivered: true, unrecorded: 0 }
 * ```
 */
export async function reserve<const P extends Policies>(
  limiter: Limiter<P>,
  takes: Take<P> | readonly Take<P>[],
): Promise<Reservation<keyof P & string>> {
  type Name = keyof P & string
  const parts = partsOf(limiter, 'Cannot reserve')
  const decision = await limiter.take(takes)

  async function charge(checks: readonly LimitCheck[]): Promise<Settlement> {
    if (checks.length === 0) return { delivered: true, unrecorded: 0 }
    let charged: readonly number[] = []
    const { delivered } = await parts.change('settle', checks, async () => {
      charged = await parts.store.charge(checks)
    })
    return { delivered, unrecorded: Math.max(...checks.map((check, index) => check.cost - (charged[index] ?? 0))) }
  }

  async function settle(cost: number | { readonly [Policy in Name]?: number }): Promise<Settlement> {
    readCosts(cost, decision)
    const ends = claimTaken(decision).map((mark) => ({ mark, more: toCost(mark, cost) - mark.cost }))
    const over = ends.filter(({ more }) => more > 0)
    const under = ends.filter(({ more }) => more < 0)
    const [charged, refunded] = await Promise.all([
      charge(over.map(({ mark, more }) => ({ ...mark, limit: mark.limit + mark.debt, cost: more }))),
      refundMarks(
        parts,
        under.map(({ mark, more }) => ({ ...mark, cost: -more })),
      ),
    ])
    return { delivered: charged.delivered && refunded.delivered, unrecorded: charged.unrecorded }
  }

  return { decision, settle, cancel: () => settle(0) }
}

type Costs = number | Readonly<Record<string, number | undefined>>

function readCosts(cost: Costs, decision: Decision): void {
  if (typeof cost !== 'object' || cost === null) {
    readWhole('Cannot settle', { name: 'cost', value: cost, min: 0 })
    return
  }
  const names = decision.status === 'degraded' ? decision.policies : decision.limits.map(({ policy }) => policy)
  for (const [name, value] of Object.entries(cost)) {
    if (!names.includes(name)) {
      throw new RangeError(
        `Cannot settle: "cost" must name policies reserved from (${names.join(', ')}), received ${JSON.stringify(name)}`,
      )
    }
    if (value !== undefined) readWhole('Cannot settle', { name: `cost.${name}`, value, min: 0 })
  }
}

/** What a policy is settled at. Permits are no cost: what held them is over. */
function toCost({ algorithm, policy, cost: reserved }: PolicyCheck<string>, cost: Costs): number {
  if (algorithm === 'concurrency') return 0
  return typeof cost === 'number' ? cost : (cost[policy] ?? reserved)
}
