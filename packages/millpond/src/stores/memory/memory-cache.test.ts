import { expect, test } from 'vitest'
import type { StoreKey } from '../../key.ts'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { createMemoryCache } from './memory-cache.ts'

const keyOf = (name: string) => name as StoreKey

function setUp(maxBytes: number) {
  const store = createMemoryCache({ clock: createFakeClock(), maxBytes })
  const write = (name: string, text: string) => store.renew([keyOf(name)], text, 60_000)
  return { store, write }
}

test('createMemoryCache() keeps what is there when a value comes that alone is above its bound, and nothing of that value', async () => {
  const { store, write } = setUp(10_000)
  for (const name of ['a', 'b', 'large']) await write(name, 'small')
  await write('large', 'x'.repeat(5_000))
  expect(await store.read(['a', 'b', 'large'].map(keyOf))).toEqual(['small', 'small', null])
})

test('createMemoryCache() drops what was used least lately when there is no room', async () => {
  const { store, write } = setUp(1_000)
  for (const name of ['a', 'b', 'c']) await write(name, 'x'.repeat(80))
  await store.read([keyOf('a')])
  await write('d', 'x'.repeat(80))
  expect((await store.read(['a', 'b', 'c', 'd'].map(keyOf))).map((text) => text !== null)).toEqual([
    true,
    false,
    true,
    true,
  ])
})
