import { expect, test } from 'vitest'
import type { StoreKey } from '../key.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createLocalTier } from './local-tier.ts'
import { withChanges } from './push.ts'

function setUp() {
  const clock = createFakeClock()
  let order = 0
  const mark = () => ++order
  const { local, changed } = withChanges(createLocalTier({ clock, maxBytes: 1_000_000 }), mark)
  const keys = (...names: string[]) => names as StoreKey[]
  const slotOf = (name: string) => ({
    entry: name as StoreKey,
    lease: `l:${name}` as StoreKey,
    tags: keys(`t:${name}`, 'all'),
  })
  const observe = () => ({ at: clock.now(), order: mark() })
  const put = (name: string, observed = observe(), keepMs = 60_000) =>
    local.put(slotOf(name), { body: name, storedAt: clock.now(), ttlMs: 60_000 }, observed, keepMs)
  const kept = (...names: string[]) => names.filter((name) => local.get(name as StoreKey))
  return { clock, local, changed, keys, observe, put, kept }
}

test('a change of an entry or a tag drops what it concerns, and nothing else', () => {
  const { changed, keys, put, kept } = setUp()
  for (const name of ['a', 'b', 'c']) put(name)
  changed(keys('a', 't:b', 'stranger'))
  expect(kept('a', 'b', 'c')).toEqual(['c'])
  changed(keys('all'))
  expect(kept('a', 'b', 'c')).toEqual([])
})

test('what is kept is kept as long as it may be, from when it was observed', async () => {
  const { clock, put, kept, observe } = setUp()
  const before = observe()
  await clock.advance(1_000)
  put('a', before, 3_000)
  await clock.advance(1_999)
  expect(kept('a')).toEqual(['a'])
  await clock.advance(1)
  expect(kept('a')).toEqual([])
})

test('what was observed before a change is not kept after it, and what was observed later or of other keys is', () => {
  const { changed, keys, put, kept, observe } = setUp()
  const before = observe()
  changed(keys('a', 't:b'))
  for (const name of ['a', 'b', 'c']) put(name, before)
  expect(kept('a', 'b', 'c')).toEqual(['c'])
  for (const name of ['a', 'b']) put(name)
  expect(kept('a', 'b', 'c')).toEqual(['a', 'b', 'c'])
})

test('a change that may be of any key drops everything, also what was observed before it', () => {
  const { changed, keys, put, kept, observe } = setUp()
  changed(keys('d', 't:d', 'all'))
  put('a')
  const before = observe()
  changed(undefined)
  put('b', before)
  put('c')
  // Nor does what is known of an earlier change let it pass.
  put('d', before)
  expect(kept('a', 'b', 'c', 'd')).toEqual(['c'])
})

test('a change that is long forgotten holds up whatever was observed before it', () => {
  const { changed, keys, put, kept, observe } = setUp()
  const before = observe()
  changed(keys('a'))
  const between = observe()
  for (let index = 0; index < 10_000; index += 1) changed(keys(`x${index}`))
  put('a', before)
  put('b', before)
  put('c', between)
  expect(kept('a', 'b', 'c')).toEqual(['c'])
  // Only so many are remembered: the next ones push out those that came after "between".
  for (let index = 0; index < 10_000; index += 1) changed(keys(`y${index}`))
  put('d', between)
  expect(kept('c', 'd')).toEqual(['c'])
})
