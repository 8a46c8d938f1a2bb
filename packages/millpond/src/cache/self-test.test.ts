import { expect, test, vi } from 'vitest'
import { StoreReplyError } from '../errors.ts'
import { disabled } from '../stores/disabled.ts'
import { memory } from '../stores/memory/index.ts'
import { type CacheOptions, createCache } from './cache.ts'
import type { FillRequest } from './cache-store.ts'

const failedOn = async (broken: Partial<ReturnType<typeof memory>>, store = memory()) => {
  const cache = createCache({ store: { ...store, ...broken }, namespace: 'test' })
  const { ok, checks } = await cache.selfTest()
  cache.close()
  return { ok, failed: checks.filter((check) => !check.ok).map(({ name }) => name) }
}

function setUp<Store extends CacheOptions['store']>(store: Store) {
  return { store, cache: createCache({ store, namespace: 'test' }) }
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

test('selfTest() says what it saw: of a store that stores nothing, or whose invalidations do not hold', async () => {
  const inert = setUp(memory())
  vi.spyOn(inert.store, 'fill').mockImplementation(async ({ lease }) => {
    await inert.store.remove([lease])
    return false
  })
  expect((await inert.cache.selfTest()).checks[0]).toMatchObject({ ok: false, detail: 'miss then miss (absent)' })
  const stale = setUp(memory())
  vi.spyOn(stale.store, 'renew').mockResolvedValue()
  expect((await stale.cache.selfTest()).checks[1]).toMatchObject({ ok: false, detail: 'delivered, then hit (fresh)' })
})

test('selfTest() says what the store said first, of this test alone', async () => {
  const { store, cache } = setUp(memory())
  vi.spyOn(store, 'lease').mockRejectedValue(new StoreReplyError('Cannot evalsha: the store answered NOPERM'))
  const value = cache.define({ name: 'value', ttl: '5m', load: () => 1 })
  vi.spyOn(store, 'read').mockRejectedValueOnce(new StoreReplyError('Cannot mget: the store answered ERR'))
  await value.get()
  const cause = 'StoreReplyError: Cannot evalsha: the store answered NOPERM'
  const details = async () => (await cache.selfTest()).checks.map(({ detail }) => detail)
  expect(await details()).toEqual([
    `bypass then bypass (store-failed): ${cause}`,
    `delivered, then bypass (store-failed): ${cause}`,
  ])
  vi.restoreAllMocks()
  expect(await details()).toEqual(['miss then hit (fresh)', 'delivered, then miss (tag-changed)'])
})

test('selfTest() says so when the cache is switched off', async () => {
  const { cache } = setUp(disabled())
  expect(await cache.selfTest()).toEqual({ ok: true, checks: [{ name: 'cache', ok: true, detail: 'switched off' }] })
  expect(await cache.define({ name: 'value', ttl: '5m', load: () => 1 }).get()).toMatchObject({
    status: 'bypass',
    reason: 'disabled',
  })
})
