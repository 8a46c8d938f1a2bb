import type { StoreKey } from '../../key.ts'
import type { LimitCheck, LimitMark, LimitStore } from '../../limit/limit-store.ts'
import type { Verdict } from '../../limit/verdict.ts'
import { toHashTag } from '../hash-tag.ts'

/**
 * A store on a cluster, where one call can name keys of one slot only. All policies of an identity share a slot, so most takes are one call as they are. A take of several identities goes slot by
 * slot; when one refuses, what was taken before is given back, and while the server's clock does not run back that is as if it had never been. In between others may be refused by it: all or
 * nothing holds, but not at one instant.
 */
export function withClusterLimits(limits: LimitStore): LimitStore {
  async function takeInTurn(parts: readonly Part<LimitCheck>[]): Promise<Verdict[]> {
    const marks: LimitMark[][] = []
    const answers: (readonly Verdict[])[] = []
    try {
      for (const { items } of parts) {
        const verdicts = await limits.take(items)
        answers.push(verdicts)
        if (items.some((check, index) => !check.shadow && !verdicts[index]?.allowed)) break
        marks.push(toMarks(items, verdicts))
      }
    } catch (error) {
      await giveBack(marks)
      throw error
    }
    if (marks.length === parts.length) return inOrder(parts, answers)
    await giveBack(marks)
    const refusing = answers.length - 1
    const looks = await Promise.all(
      parts.map(({ items }, index) => (index === refusing ? (answers[index] ?? []) : limits.peek(items))),
    )
    return inOrder(parts, looks)
  }

  async function giveBack(marks: readonly LimitMark[][]): Promise<void> {
    await Promise.allSettled(marks.filter((list) => list.length > 0).map((list) => limits.refund(list)))
  }

  async function each<Item extends { readonly key: StoreKey }, Answer>(
    items: readonly Item[],
    call: (items: readonly Item[]) => Promise<readonly Answer[]>,
  ): Promise<readonly Answer[]> {
    const parts = toParts(items)
    if (parts.length === 1) return call(items)
    return inOrder(parts, await Promise.all(parts.map((part) => call(part.items))))
  }

  return {
    async take(checks) {
      const parts = toParts(checks)
      return parts.length === 1 ? limits.take(checks) : takeInTurn(parts)
    },
    peek: (checks) => each(checks, limits.peek),
    charge: (checks) => each(checks, limits.charge),
    refund: (marks) => each(marks, limits.refund),
    prolong: (marks) => each(marks, limits.prolong),
    async reset(keys) {
      await Promise.all(keys.map((key) => limits.reset([key])))
    },
  }
}

/** The items of one slot, and where they stood. */
interface Part<Item> {
  readonly items: Item[]
  readonly places: number[]
}

function toParts<Item extends { readonly key: StoreKey }>(items: readonly Item[]): Part<Item>[] {
  const parts = new Map<string, Part<Item>>()
  items.forEach((item, place) => {
    const tag = toHashTag(item.key)
    const part = parts.get(tag) ?? { items: [], places: [] }
    part.items.push(item)
    part.places.push(place)
    parts.set(tag, part)
  })
  return [...parts.values()]
}

function inOrder<Answer>(parts: readonly Part<unknown>[], answers: readonly (readonly Answer[])[]): Answer[] {
  const places = parts.flatMap((part) => part.places)
  return answers
    .flat()
    .map((answer, index) => ({ answer, place: places[index] ?? 0 }))
    .sort((a, b) => a.place - b.place)
    .map(({ answer }) => answer)
}

function toMarks(checks: readonly LimitCheck[], verdicts: readonly Verdict[]): LimitMark[] {
  return checks.flatMap((check, index) => {
    const mark = verdicts[index]?.mark
    return mark === undefined ? [] : [{ ...check, mark }]
  })
}
