import { expect, test } from 'vitest'
import { memory } from '../stores/memory/index.ts'
import { createCache } from './cache.ts'
import type { FillRequest } from './cache-store.ts'

const failedOn = async (broken: Partial<ReturnType<typeof memory>>, store = memory()) => {
  const cache = createCache({ store: { ...store, ...broken }, namespace: 'test' })
  const { ok, checks } = await cache.selfTest()
  cache.close()
  return { ok, failed: checks.filter((check) => !check.ok).map(({ name }) => name) }
}

test('selfTest() is content with a store that keeps its word', async () => {
  expect(await failedOn({})).toEqual({ ok: true, failed: [] })
})

test('selfTest() tells of a store that keeps nothing', async () => {
  const store = memory()
  const fill = async ({ lease, token }: FillRequest) => store.release(lease, token).then(() => true)
  expect(await failedOn({ fill }, store)).toEqual({ ok: false, failed: ['an entry is stored and served'] })
})

test('selfTest() tells of a store on which invalidations do nothing', async () => {
  expect(await failedOn({ async renew() {} })).toEqual({ ok: false, failed: ['an invalidation holds'] })
})
