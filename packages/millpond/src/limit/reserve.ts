import type { Decision } from './decision.ts'
import type { LimitMark } from './limit-store.ts'
import type { Limiter } from './limiter.ts'
import { limiterParts } from './limiter-parts.ts'
import { readWhole } from './read-limit.ts'
import type { Policies, PolicyCheck, Take } from './read-takes.ts'
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
   * Settles at what it cost in the end, under each policy reserved from: less gives back the rest; more is taken on top, up to the limit and the policy's `debt`, never beyond.
   * Once; a second time, or where nothing was reserved, nothing happens. One round trip.
   *
   * @throws {RangeError} when the cost is not a whole number from 0
   */
  settle(cost: number): Promise<Settlement>
  /** Gives all back. */
  cancel(): Promise<Settlement>
}

/**
 * Takes an estimated cost now, to be settled at what it came to. A reservation that is never settled stays taken until its window has passed. Takes as `limiter.take` does, and throws what it throws.
 */
export async function reserve<const P extends Policies>(
  limiter: Limiter<P>,
  takes: Take<P> | readonly Take<P>[],
): Promise<Reservation<keyof P & string>> {
  const { guard, store, refund } = limiter[limiterParts]
  const decision = await limiter.take(takes)

  async function charge(marks: readonly LimitMark[], cost: number): Promise<Settlement> {
    if (marks.length === 0) return { delivered: true, unrecorded: 0 }
    const checks = marks.map((mark) => ({ ...mark, limit: mark.limit + toDebt(mark), cost: cost - mark.cost }))
    try {
      const charged = await guard('settle', () => store.charge(checks))
      return {
        delivered: true,
        unrecorded: Math.max(...checks.map((check, index) => check.cost - (charged[index] ?? 0))),
      }
    } catch {
      return { delivered: false, unrecorded: Math.max(...checks.map((check) => check.cost)) }
    }
  }

  async function settle(cost: number): Promise<Settlement> {
    readWhole('Cannot settle', { name: 'cost', value: cost, min: 0 })
    const marks = claimTaken(decision)
    const over = marks.filter((mark) => mark.cost < cost)
    const under = marks.filter((mark) => mark.cost > cost).map((mark) => ({ ...mark, cost: mark.cost - cost }))
    const [charged, refunded] = await Promise.all([charge(over, cost), refund(under)])
    return { delivered: charged.delivered && refunded.delivered, unrecorded: charged.unrecorded }
  }

  return { decision, settle, cancel: () => settle(0) }
}

function toDebt(mark: LimitMark & Partial<Pick<PolicyCheck<string>, 'debt'>>): number {
  return mark.debt ?? 0
}
