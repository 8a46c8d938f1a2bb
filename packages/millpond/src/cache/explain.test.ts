import { expect, test } from 'vitest'
import { z } from 'zod'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createCache } from './cache.ts'

function setUp() {
  const clock = createFakeClock()
  const cache = createCache({ store: memory({ clock }), namespace: 'app', clock, random: () => 0 })
  const value = cache.define({
    name: 'value',
    ttl: '1m',
    staleFor: '1m',
    input: z.string(),
    tags: (id) => [`b:${id}`, 'a'],
    load: () => 1,
  })
  return { clock, cache, value }
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
