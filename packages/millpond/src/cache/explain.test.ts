import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { StoreUnavailableError } from '../errors.ts'
import { disabled } from '../stores/disabled.ts'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createCache } from './cache.ts'

function setUp() {
  const clock = createFakeClock()
  const store = memory({ clock })
  const cache = createCache({ store, namespace: 'app', clock, random: () => 0 })
  const value = cache.define({
    name: 'value',
    ttl: '1m',
    staleFor: '1m',
    input: z.string(),
    tags: (id) => [`b:${id}`, 'a'],
    load: () => 1,
  })
  return { clock, store, cache, value }
}

test('explain() says what a read would find, and changes nothing', async () => {
  const { clock, value } = setUp()
  expect(await value.explain('x')).toMatchObject({
    entryKey: 'mp:app:e{value:="x"}',
    entry: { state: 'absent' },
    tags: [
      { tag: 'a', state: 'absent' },
      { tag: 'b:x', state: 'absent' },
    ],
    leased: false,
    verdict: 'miss',
  })
  await value.get('x')
  await clock.advance(1_000)
  expect(await value.explain('x')).toMatchObject({
    entry: { state: 'fresh', ageMs: 1_000, ttlMs: 60_000, versionMatches: true },
    tags: [
      { tag: 'a', state: 'same' },
      { tag: 'b:x', state: 'same' },
    ],
    verdict: 'hit',
  })
  await clock.advance(59_000)
  expect((await value.explain('x')).verdict).toBe('stale')
})

test('explain() names the tag that changed', async () => {
  const { cache, value } = setUp()
  await value.get('x')
  await cache.invalidate(['b:x'])
  expect(await value.explain('x')).toMatchObject({
    entry: { state: 'fresh' },
    tags: [
      { tag: 'a', state: 'same' },
      { tag: 'b:x', state: 'changed' },
    ],
    verdict: 'miss',
  })
})

test('explain() tells where reads go past the store: an invalidation is on its way, or the cache is switched off', async () => {
  const { store, cache, value } = setUp()
  await value.get('x')
  vi.spyOn(store, 'renew').mockRejectedValue(new StoreUnavailableError('away'))
  await cache.invalidate(['b:x'])
  expect(await value.explain('x')).toMatchObject({ entry: { state: 'fresh' }, verdict: 'bypass' })
  expect((await value.explain('y')).verdict).toBe('miss')
  const off = createCache({ store: disabled(), namespace: 'app' }).define({ name: 'value', ttl: '1m', load: () => 1 })
  expect((await off.explain()).verdict).toBe('bypass')
})
