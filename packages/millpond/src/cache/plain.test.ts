import { describe, expect, test, vi } from 'vitest'
import { StoreUnavailableError } from '../errors.ts'
import { disabled } from '../stores/disabled.ts'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createCache } from './cache.ts'

function setUp() {
  const clock = createFakeClock()
  const store = memory({ clock })
  return { clock, store, cache: createCache({ store, namespace: 'test', clock }) }
}

describe('set() and get()', () => {
  test.each([[null], [0], [''], [false], [{ a: [1] }]])(
    'give %j back as it was, until its TTL has passed',
    async (value) => {
      const { cache, clock } = setUp()
      const key = cache.key('user', 42)
      expect(await cache.get(key)).toEqual({ status: 'miss', reason: 'absent' })
      expect(await cache.set(key, value, { ttl: '1m' })).toEqual({ stored: true })
      await clock.advance(1_000)
      expect(await cache.get(key)).toEqual({ status: 'hit', value, ageMs: 1_000, ttlMs: 59_000 })
      await clock.advance(59_000)
      expect(await cache.get(key)).toEqual({ status: 'miss', reason: 'absent' })
    },
  )

  test('keep keys apart whatever their parts hold', async () => {
    const { cache } = setUp()
    const keys = [
      cache.key('a', 'b'),
      cache.key('a:b'),
      cache.key('a,b'),
      cache.key(['a', 'b']),
      cache.key('a', 'b', undefined),
      cache.key(),
    ]
    for (const [index, key] of keys.entries()) await cache.set(key, index, { ttl: '1m' })
    const values = await Promise.all(keys.map((key) => cache.get(key)))
    expect(values.map((read) => read.status === 'hit' && read.value)).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('throw for a value that is not JSON, a TTL that breaks its rule, a part that is not plain data', async () => {
    const { cache } = setUp()
    await expect(cache.set(cache.key('a'), undefined, { ttl: '1m' })).rejects.toThrow(
      'Cannot set: "value" must be a JSON value, received undefined',
    )
    await expect(cache.set(cache.key('a'), 1, { ttl: 0 })).rejects.toThrow('Cannot set: "ttl" must be a duration')
    await expect(cache.set(cache.key('a'), 1, undefined as never)).rejects.toThrow('"ttl" must be a duration')
    expect(() => cache.key(new Map())).toThrow(
      'Cannot make a key: key[0] must be plain data, received an instance of Map',
    )
  })

  test.each([['a'], [undefined]])('throw for %j where a key is expected, as do delete() and stamp()', async (key) => {
    const { cache } = setUp()
    const wrong = key as never
    const calls = [cache.get(wrong), cache.set(wrong, 1, { ttl: '1m' }), cache.delete(wrong), cache.stamp(wrong)]
    for (const call of calls)
      await expect(call).rejects.toThrow(
        new TypeError(`Cannot use a key: "key" must be made by cache.key(), received ${typeof key}`),
      )
  })

  test('are invalidated by the tags of the key', async () => {
    const { cache } = setUp()
    const key = cache.key('user', 42).withTags('users')
    await cache.set(key, 'old', { ttl: '1m' })
    await cache.invalidate(['users'])
    expect(await cache.get(key)).toEqual({ status: 'miss', reason: 'tag-changed' })
    await cache.set(key, 'new', { ttl: '1m' })
    expect(await cache.get(key)).toMatchObject({ status: 'hit', value: 'new' })
  })

  test('do without the store when it is away, and when the cache is switched off', async () => {
    const { cache, store } = setUp()
    vi.spyOn(store, 'read').mockRejectedValue(new StoreUnavailableError('away'))
    vi.spyOn(store, 'lease').mockRejectedValue(new StoreUnavailableError('away'))
    const key = cache.key('a')
    expect(await cache.set(key, 1, { ttl: '1m' })).toEqual({ stored: false })
    expect(await cache.get(key)).toEqual({ status: 'miss', reason: 'store-failed' })
    const off = createCache({ store: disabled(), namespace: 'test' })
    expect(await off.set(key, 1, { ttl: '1m' })).toEqual({ stored: false })
    expect(await off.get(key)).toEqual({ status: 'miss', reason: 'disabled' })
  })
})

describe('stamp()', () => {
  test('lets a set keep its tags for as long as its value, whatever the TTL', async () => {
    const { cache, clock } = setUp()
    const key = cache.key('a').withTags('t')
    const stamp = await cache.stamp(key)
    expect(await cache.set(key, 1, { ttl: '1d', stamp })).toEqual({ stored: true })
    await clock.advance(23 * 3_600_000)
    expect(await cache.get(key)).toMatchObject({ status: 'hit', value: 1 })
    await cache.invalidate(['t'])
    expect(await cache.get(key)).toMatchObject({ status: 'miss' })
  })

  test('lets a value be stored that was computed after it', async () => {
    const { cache } = setUp()
    const key = cache.key('a').withTags('tag')
    const stamp = await cache.stamp(key)
    expect(await cache.set(key, 1, { ttl: '1m', stamp })).toEqual({ stored: true })
    expect(await cache.get(key)).toMatchObject({ status: 'hit', value: 1 })
  })

  test('refuses a value whose key was deleted since', async () => {
    const { cache } = setUp()
    const key = cache.key('a')
    const stamp = await cache.stamp(key)
    await cache.delete(key)
    expect(await cache.set(key, 'computed before', { ttl: '1m', stamp })).toEqual({ stored: false })
    expect((await cache.get(key)).status).toBe('miss')
  })

  test('makes a value count for nothing whose tag was invalidated since', async () => {
    const { cache } = setUp()
    const key = cache.key('a').withTags('tag')
    const stamp = await cache.stamp(key)
    await cache.invalidate(['tag'])
    await cache.set(key, 'computed before', { ttl: '1m', stamp })
    expect(await cache.get(key)).toEqual({ status: 'miss', reason: 'tag-changed' })
  })

  test('refuses the earlier of two', async () => {
    const { cache } = setUp()
    const key = cache.key('a')
    const [first, second] = [await cache.stamp(key), await cache.stamp(key)]
    expect(await cache.set(key, 2, { ttl: '1m', stamp: second })).toEqual({ stored: true })
    expect(await cache.set(key, 1, { ttl: '1m', stamp: first })).toEqual({ stored: false })
    expect(await cache.get(key)).toMatchObject({ value: 2 })
  })
})
