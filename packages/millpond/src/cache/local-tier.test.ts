import { queryObjects } from 'node:v8'
import { expect, test } from 'vitest'
import type { StoreKey } from '../key.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createLocalTier } from './local-tier.ts'
import type { Slot } from './slot.ts'

const slot = (entry: string, ...tags: string[]): Slot => ({
  entry: entry as StoreKey,
  lease: `lease ${entry}` as StoreKey,
  tags: tags as StoreKey[],
})

function setUp(maxBytes = 100_000) {
  const clock = createFakeClock(1_000_000)
  const tier = createLocalTier({ clock, maxBytes })
  const put = (at: Slot, body: string, order = 10, observedAt = clock.now()) =>
    tier.put(at, { body, storedAt: observedAt, ttlMs: 60_000 }, { at: observedAt, order }, 2_000)
  const get = (at: Slot) => tier.get(at.entry)?.body
  return { clock, tier, put, get }
}

test('a value is served until the bound has passed since it was observed, not since it was put', async () => {
  const { clock, put, get } = setUp()
  put(slot('a'), 'value', 10, clock.now() - 500)
  await clock.advance(1_499)
  expect(get(slot('a'))).toBe('value')
  await clock.advance(1)
  expect(get(slot('a'))).toBe(undefined)
})

test('a value is not served past its own TTL', async () => {
  const { clock, tier } = setUp()
  tier.put(slot('a'), { body: 'value', storedAt: clock.now(), ttlMs: 100 }, { at: clock.now(), order: 1 }, 2_000)
  await clock.advance(100)
  expect(tier.get(slot('a').entry)).toBe(undefined)
})

test('a clock that is set back does not lengthen the bound', () => {
  const { clock, put, get } = setUp()
  put(slot('a'), 'value')
  clock.set(clock.now() - 1)
  expect(get(slot('a'))).toBe(undefined)
})

test('dropTags() forgets what has the tag, and refuses what was observed before it', () => {
  const { tier, put, get } = setUp()
  put(slot('a', 't1', 't2'), 'a')
  put(slot('b', 't2'), 'b')
  put(slot('c', 't3'), 'c')
  tier.dropTags(['t2' as StoreKey], 20)
  expect([get(slot('a')), get(slot('b')), get(slot('c'))]).toEqual([undefined, undefined, 'c'])
  put(slot('a', 't2'), 'observed before', 19)
  put(slot('b', 't2'), 'observed after', 21)
  expect([get(slot('a')), get(slot('b'))]).toEqual([undefined, 'observed after'])
})

test('a value kept under other tags is forgotten by these alone', () => {
  const { tier, put, get } = setUp()
  put(slot('a', 't1'), 'first')
  put(slot('a', 't2'), 'second')
  tier.dropTags(['t1' as StoreKey], 5)
  expect(get(slot('a'))).toBe('second')
  tier.dropTags(['t2' as StoreKey], 6)
  expect(get(slot('a'))).toBe(undefined)
})

test('nothing is kept of a tag whose values are gone', () => {
  const { tier, put, get } = setUp(2_000)
  const before = queryObjects(Set, { format: 'count' })
  for (let nth = 0; nth < 2_000; nth += 1) put(slot(`${nth}`, `tag ${nth}`), 'value')
  expect(get(slot('1999'))).toBe('value')
  // The room is for four.
  expect(queryObjects(Set, { format: 'count' }) - before).toBeLessThan(200)
  tier.clear()
})

test('ageOf() tells whoever remembers a value when it is served no longer', async () => {
  const { clock, tier, put } = setUp()
  const remembered = (name: string) => {
    put(slot(name, 'tag'), name)
    return tier.get(slot(name).entry) ?? expect.fail('what was put must be kept')
  }
  const [invalidated, deleted, replaced, expired] = ['a', 'b', 'c', 'd'].map(remembered)
  const served = () => [invalidated, deleted, replaced, expired].map((kept) => kept && tier.ageOf(kept) >= 0)
  expect(served()).toEqual([true, true, true, true])
  tier.dropEntry(slot('b').entry, 20)
  put(slot('c', 'tag'), 'new', 21)
  expect(served()).toEqual([true, false, false, true])
  tier.dropTags(['tag' as StoreKey], 22)
  expect(served()).toEqual([false, false, false, false])
  put(slot('e'), 'e', 23)
  const last = tier.get(slot('e').entry)
  expect(last && tier.ageOf(last) >= 0).toBe(true)
  await clock.advance(2_000)
  expect(last && tier.ageOf(last) >= 0).toBe(false)
})

test('the least recently used values go when the bytes are used up, and one too large is not kept', () => {
  const { put, get } = setUp(2_000)
  for (const name of ['a', 'b', 'c', 'd']) put(slot(name), 'x'.repeat(100))
  get(slot('a'))
  put(slot('e'), 'x'.repeat(100))
  expect(['a', 'b', 'c', 'd', 'e'].map((name) => get(slot(name)) !== undefined)).toEqual([
    true,
    false,
    true,
    true,
    true,
  ])
  put(slot('f'), 'x'.repeat(10_000))
  expect(get(slot('f'))).toBe(undefined)
})

test('values that were all used make room too, the oldest first, and tags count as bytes', () => {
  const { put, get } = setUp(2_000)
  const names = ['a', 'b', 'c', 'd', 'e']
  const there = () => names.filter((name) => get(slot(name)) !== undefined)
  for (const name of names.slice(0, 4)) put(slot(name), 'x'.repeat(100))
  expect(there()).toEqual(['a', 'b', 'c', 'd'])
  put(slot('e'), 'x'.repeat(100))
  expect(there()).toEqual(['b', 'c', 'd', 'e'])
  put(slot('a', 'red', 'green', 'blue'), 'x'.repeat(100))
  expect(there()).toEqual(['a', 'd', 'e'])
})

test('a value past its time leaves its room when it is looked for, however much it was used', () => {
  const { clock, put, get } = setUp(1_000)
  put(slot('a'), 'x'.repeat(100))
  get(slot('a'))
  clock.set(clock.now() + 2_000)
  expect(get(slot('a'))).toBe(undefined)
  for (const name of ['b', 'c']) put(slot(name), 'x'.repeat(100))
  expect(['b', 'c'].map((name) => get(slot(name)) !== undefined)).toEqual([true, true])
})
