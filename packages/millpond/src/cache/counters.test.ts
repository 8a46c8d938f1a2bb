import { expect, test } from 'vitest'
import { z } from 'zod'
import { StoreUnavailableError } from '../errors.ts'
import { memory } from '../stores/memory/index.ts'
import { createCache } from './cache.ts'

test('counters() tell hits of this process’s memory, what was stored, and how often the store was asked', async () => {
  const cache = createCache({ store: memory(), namespace: 'test' })
  const near = cache.define({ name: 'near', ttl: '5m', local: '10s', input: z.string(), load: (id) => id })
  const { body } = await near.get('a')
  const afterMiss = cache.counters()
  expect(afterMiss).toMatchObject({ hits: 0, localHits: 0, fills: 1, storeCalls: 3 })
  expect(afterMiss.charactersStored).toBeGreaterThan(body.length)
  await near.get('a')
  expect(cache.counters()).toEqual({ ...afterMiss, hits: 1, localHits: 1 })
  await cache.invalidate(['one', 'two', 'three'])
  expect(cache.counters()).toMatchObject({ storeCalls: 4, invalidations: 1 })
})

test('counters() count no call that the breaker kept from the store', async () => {
  const store = { ...memory(), read: () => Promise.reject(new StoreUnavailableError('away')) }
  const cache = createCache({ store, namespace: 'test' })
  const value = cache.define({ name: 'value', ttl: '5m', load: () => 1 })
  for (let read = 0; read < 9; read += 1) await value.get()
  expect(cache.counters()).toMatchObject({ bypasses: 9, storeCalls: 5, storeErrors: 9 })
})
