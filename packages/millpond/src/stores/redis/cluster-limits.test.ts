import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StoreUnavailableError } from '../../errors.ts'
import type { StoreKey } from '../../key.ts'
import { ALGORITHMS, type LimitCheck, type LimitMark, type LimitStore } from '../../limit/limit-store.ts'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { toHashTag } from '../hash-tag.ts'
import { memory } from '../memory/index.ts'
import { withClusterLimits } from './cluster-limits.ts'

/** A store that rejects a call over several slots, as a cluster does. */
function setUp(clock = createFakeClock(), isAway: (key: StoreKey) => boolean = () => false) {
  const { take, peek, refund, ...rest } = memory({ clock })
  const calls: string[] = []
  const oneSlot =
    <Item extends { key: StoreKey }, Answer>(name: string, call: (items: readonly Item[]) => Promise<Answer>) =>
    async (items: readonly Item[]) => {
      if (new Set(items.map(({ key }) => toHashTag(key))).size > 1) throw new RangeError('CROSSSLOT')
      calls.push(`${name} ${items.map(({ key }) => key).join(' ')}`)
      if (items.some(({ key }) => isAway(key))) throw new StoreUnavailableError('away')
      return call(items)
    }
  const store: LimitStore = {
    ...rest,
    take: oneSlot('take', take),
    peek: oneSlot('peek', peek),
    refund: oneSlot('refund', refund),
  }
  return { calls, limits: withClusterLimits(store) }
}

const check = (identity: string, policy: string, limit: number): LimitCheck => ({
  key: `r{${identity}}${policy}` as StoreKey,
  algorithm: 'sliding-window',
  limit,
  windowMs: 60_000,
  cost: 1,
})

test('withClusterLimits() asks once where all keys share a slot', async () => {
  const { calls, limits } = setUp()
  await limits.take([check('a', 'p', 5), check('a', 'q', 5)])
  expect(calls).toEqual(['take r{a}p r{a}q'])
})

test('withClusterLimits() gives back what it took when a later slot refuses, and names the one that did', async () => {
  const { calls, limits } = setUp()
  const both = [check('a', 'p', 5), check('b', 'p', 1), check('a', 'q', 5)]
  const first = await limits.take(both)
  expect(first.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
    [true, 4],
    [true, 0],
    [true, 4],
  ])
  calls.length = 0
  const second = await limits.take(both)
  expect(second.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
    [true, 4],
    [false, 0],
    [true, 4],
  ])
  expect(calls).toEqual(['take r{a}p r{a}q', 'take r{b}p', 'refund r{a}p r{a}q', 'peek r{a}p r{a}q'])
})

test('withClusterLimits() gives back what it took when a later slot does not answer', async () => {
  const { calls, limits } = setUp(createFakeClock(), (key) => key.includes('{b}'))
  await expect(limits.take([check('a', 'p', 5), check('b', 'p', 5)])).rejects.toThrow('away')
  expect(calls).toEqual(['take r{a}p', 'take r{b}p', 'refund r{a}p'])
  expect((await limits.take([check('a', 'p', 1)]))[0]).toMatchObject({ allowed: true })
})

const steps = fc.array(
  fc.record({
    gapMs: fc.nat(400),
    costs: fc.record({ a: fc.nat(4), b: fc.nat(4) }),
    refunds: fc.option(fc.nat(2)),
  }),
  { maxLength: 30 },
)

test.each(ALGORITHMS)(
  'withClusterLimits() leaves a %s as if a take that it gives back had never been, also for refunds',
  async (algorithm) => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const clock = createFakeClock()
        const stores = [setUp(clock).limits, memory({ clock })]
        const taken: LimitMark[][][] = []
        for (const [step, { gapMs, costs, refunds }] of list.entries()) {
          clock.set(clock.now() + gapMs)
          const checks = Object.entries(costs)
            .filter(([, cost]) => cost > 0)
            .map(([identity, cost]): LimitCheck => {
              const own = { algorithm, windowMs: 5_000, cost, refill: 2, permit: String(step) }
              return { ...check(identity, 'p', identity === 'a' ? 9 : 4), ...own }
            })
          const answers = await Promise.all(stores.map((store) => store.take(checks)))
          const plain = answers.map((verdicts) => verdicts.map(({ mark: _, ...verdict }) => verdict))
          expect(plain[0]).toEqual(plain[1])
          const marks = answers.map((verdicts) =>
            checks.flatMap((of, nth) => (verdicts[nth]?.mark ? [{ ...of, mark: verdicts[nth].mark }] : [])),
          )
          if (marks[0]?.length) taken.push(marks)
          if (refunds === null) continue
          const [given] = taken.splice(-1 - refunds, 1)
          if (!given) continue
          const [ours, theirs] = await Promise.all(stores.map((store, nth) => store.refund(given[nth] ?? [])))
          expect(ours).toEqual(theirs)
        }
      }),
      { numRuns: 300 },
    )
  },
)
