import { expect, test } from 'vitest'
import type { StoreKey } from '../../key.ts'
import type { LimitCheck, LimitStore } from '../../limit/limit-store.ts'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { toHashTag } from '../hash-tag.ts'
import { memory } from '../memory/index.ts'
import { withClusterLimits } from './cluster-limits.ts'

/** A store that rejects a call over several slots, as a cluster does. */
function setUp() {
  const { take, peek, refund, ...rest } = memory({ clock: createFakeClock() })
  const calls: string[] = []
  const oneSlot =
    <Item extends { key: StoreKey }, Answer>(name: string, call: (items: readonly Item[]) => Promise<Answer>) =>
    async (items: readonly Item[]) => {
      if (new Set(items.map(({ key }) => toHashTag(key))).size > 1) throw new RangeError('CROSSSLOT')
      calls.push(`${name} ${items.map(({ key }) => key).join(' ')}`)
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
