import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createManualLoader } from '../../test/manual-loader.ts'
import { StoreUnavailableError } from '../errors.ts'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createCache } from './cache.ts'

const input = z.object({ user: z.string(), window: z.int().min(3).default(7) })

function setUp() {
  const clock = createFakeClock()
  const store = memory({ clock })
  const cache = createCache({ store, namespace: 'test', clock })
  return { clock, store, cache }
}

describe('invalidate()', () => {
  const tags = ({ user }: { user: string }) => [`health:${user}`, 'health']

  test('makes every entry with the tag a miss, and no other', async () => {
    const { cache } = setUp()
    const trend = cache.define({ name: 'trend', ttl: '5m', input, tags, load: ({ window }) => window })
    for (const user of ['alice', 'bob']) for (const window of [3, 4]) await trend.get({ user, window })
    expect(await cache.invalidate(['health:alice'])).toEqual({ delivered: true })
    expect((await trend.get({ user: 'alice', window: 3 })).reason).toBe('tag-changed')
    expect((await trend.get({ user: 'alice', window: 4 })).reason).toBe('tag-changed')
    expect((await trend.get({ user: 'bob', window: 3 })).status).toBe('hit')
  })

  test('holds against a load that began before it: the read that began later loads anew', async () => {
    const { cache } = setUp()
    const { load, called, answer } = createManualLoader()
    const trend = cache.define({ name: 'trend', ttl: '5m', input, tags, load })
    const before = trend.get({ user: 'alice' })
    await called(1)
    await cache.invalidate(['health:alice'])
    const after = trend.get({ user: 'alice' })
    const another = trend.get({ user: 'alice' })
    answer(0, 'old')
    expect((await before).value).toBe('old')
    await called(2)
    answer(1, 'new')
    expect([(await after).value, (await another).value]).toEqual(['new', 'new'])
    expect(await trend.get({ user: 'alice' })).toMatchObject({ value: 'new', status: 'hit' })
  })

  test('holds against a load in another process', async () => {
    const { cache, store } = setUp()
    const { load, called, answer } = createManualLoader()
    const there = createCache({ store, namespace: 'test' })
    const trend = there.define({ name: 'trend', ttl: '5m', input, tags, load })
    const before = trend.get({ user: 'alice' })
    await called(1)
    await cache.invalidate(['health:alice'])
    answer(0, 'old')
    await before
    const after = trend.get({ user: 'alice' })
    await called(2)
    answer(1, 'new')
    expect((await after).value).toBe('new')
  })

  test('holds against a wait for another process whose look at the store was taken before it', async () => {
    const { store, clock, cache } = setUp()
    const { load, called, answer } = createManualLoader()
    const holder = cache.define({ name: 'trend', ttl: '5m', input, tags, load }).get({ user: 'alice' })
    await called(1)
    // The waiting process: its first two reads (the miss, and the next reader's) pass; the look it takes while waiting is answered late.
    let release = () => {}
    const late = new Promise<void>((resolve) => {
      release = resolve
    })
    let reads = 0
    const read: typeof store.read = async (keys) => {
      reads += 1
      const isLook = reads === 2
      const values = await store.read(keys)
      if (isLook) await late
      return values
    }
    const there = createCache({ store: { ...store, read }, namespace: 'test', clock, deadline: '60s' })
    const trend = there.define({ name: 'trend', ttl: '5m', input, tags, load })
    const waiter = trend.get({ user: 'alice' })
    await vi.waitFor(() => expect(reads).toBe(1))
    answer(0, 'old')
    await holder
    await clock.advance(10)
    expect(reads).toBe(2)
    await cache.invalidate(['health:alice'])
    const after = trend.get({ user: 'alice' })
    await called(2)
    release()
    answer(1, 'new')
    expect([(await waiter).value, (await after).value]).toEqual(['old', 'new'])
  })

  test('holds when the version of the tag was evicted in between', async () => {
    const { cache, store } = setUp()
    const load = vi.fn(() => 1)
    const trend = cache.define({ name: 'trend', ttl: '5m', input, tags, load })
    const renew = vi.spyOn(store, 'renew')
    await trend.get({ user: 'alice' })
    await cache.invalidate(['health:alice'])
    await store.remove(renew.mock.calls[0]?.[0] ?? [])
    expect((await trend.get({ user: 'alice' })).status).toBe('miss')
    expect((await trend.get({ user: 'alice' })).status).toBe('hit')
  })

  test('is retried until the store acknowledges it, and until then its process reads past the cache', async () => {
    const { cache, store, clock } = setUp()
    const load = vi.fn(() => 1)
    const trend = cache.define({ name: 'trend', ttl: '5m', input, tags, load })
    await trend.get({ user: 'alice' })
    const renew = vi.spyOn(store, 'renew').mockRejectedValue(new StoreUnavailableError('away'))
    expect(await cache.invalidate(['health:alice'])).toEqual({ delivered: false })
    expect(await trend.get({ user: 'alice' })).toMatchObject({ status: 'bypass', reason: 'invalidation-pending' })
    await clock.advance(500)
    expect((await trend.get({ user: 'alice' })).reason).toBe('invalidation-pending')
    renew.mockRestore()
    await clock.advance(2_000)
    expect(await trend.get({ user: 'alice' })).toMatchObject({ status: 'miss', reason: 'tag-changed' })
    expect((await trend.get({ user: 'alice' })).status).toBe('hit')
  })

  test('that is on its way is not answered by what a read of before waits for in the store', async () => {
    const { cache, store, clock } = setUp()
    const { load, called, answer } = createManualLoader()
    const there = createCache({ store, namespace: 'test', clock })
    const holder = there.define({ name: 'trend', ttl: '5m', input, tags, load }).get({ user: 'alice' })
    await called(1)
    const trend = cache.define({ name: 'trend', ttl: '5m', input, tags, load: () => 'new' })
    const waiter = trend.get({ user: 'alice' })
    await clock.advance(10)
    vi.spyOn(store, 'renew').mockRejectedValue(new StoreUnavailableError('away'))
    await cache.invalidate(['health:alice'])
    const after = trend.get({ user: 'alice' })
    answer(0, 'old')
    await holder
    await clock.advance(1_000)
    expect([(await waiter).value, (await after).value]).toEqual(['old', 'new'])
  })

  test('takes tags in any order and number: once each, and none at all asks the store nothing', async () => {
    const { cache, store, clock } = setUp()
    const there = createCache({ store, namespace: 'test', clock })
    const define = (one: typeof cache, names: string[]) =>
      one.define({ name: 'value', ttl: '5m', tags: () => names, load: () => 1 })
    await define(cache, ['a', 'b']).get()
    expect((await define(there, ['b', 'a', 'b']).get()).status).toBe('hit')
    const renew = vi.spyOn(store, 'renew')
    expect(await cache.invalidate([])).toEqual({ delivered: true })
    expect(renew).not.toHaveBeenCalled()
    await cache.invalidate(['b', 'a', 'b'])
    expect(renew.mock.calls[0]?.[0]).toEqual(['mp:test:epoch', 'mp:test:t{=a}', 'mp:test:t{=b}'])
  })

  test('throws for a tag that is not a non-empty string', async () => {
    const { cache } = setUp()
    await expect(cache.invalidate([''])).rejects.toThrow(
      'Cannot invalidate: each tag must be a non-empty string, received an empty string',
    )
    await expect(cache.invalidate([7 as unknown as string])).rejects.toThrow('received number')
  })
})

describe('delete()', () => {
  test('removes the entry and refuses the fill that began before it', async () => {
    const { cache } = setUp()
    const { load, called, answer } = createManualLoader()
    const definition = cache.define({ name: 'value', ttl: '5m', load })
    const before = definition.get()
    await called(1)
    await definition.delete()
    const after = definition.get()
    answer(0, 'old')
    await before
    await called(2)
    answer(1, 'new')
    expect((await after).value).toBe('new')
    expect((await definition.get()).value).toBe('new')
    expect(cache.counters().fillsRefused).toBe(1)
  })
})
