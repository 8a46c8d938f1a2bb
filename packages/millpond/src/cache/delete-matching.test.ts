import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { StoreUnavailableError } from '../errors.ts'
import type { StoreKey } from '../key.ts'
import { disabled } from '../stores/disabled.ts'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { type CacheOptions, createCache } from './cache.ts'
import { anyPart } from './delete-matching.ts'

function setUp(options: Partial<CacheOptions> = {}) {
  const clock = createFakeClock()
  const store = memory({ clock })
  const connect = (more: Partial<CacheOptions> = {}) =>
    createCache({ store, namespace: 'test', clock, ...options, ...more })
  const cache = connect()
  const keep = (...parts: unknown[]) => cache.set(cache.key(...parts), parts, { ttl: '1m' })
  const has = async (...parts: unknown[]) => (await cache.get(cache.key(...parts))).status === 'hit'
  return { store, connect, cache, keep, has }
}

const secrets: Partial<CacheOptions>[] = [{}, { keySecret: 'a secret of 16 or more' }]

describe.each(secrets)('deleteMatching() %o', (options) => {
  test('removes what begins with the parts and says how many, and nothing else', async () => {
    const { cache, keep, has, connect } = setUp(options)
    for (const parts of [['user', 1], ['user', 1, 'orders'], ['user', 12], ['user'], ['users', 1], [['user', 1]]])
      await keep(...parts)
    const other = connect({ namespace: 'test.other' })
    await other.set(other.key('user', 1), 1, { ttl: '1m' })
    const defined = cache.define({ name: 'user', ttl: '1m', load: () => 1 })
    await defined.get()
    expect(await cache.deleteMatching('user', 1)).toEqual({ deleted: 2, complete: true })
    const left = [await has('user', 1), await has('user', 1, 'orders'), await has('user', 12), await has('user')]
    expect(left).toEqual([false, false, true, true])
    expect([await has('users', 1), await has(['user', 1])]).toEqual([true, true])
    expect((await other.get(other.key('user', 1))).status).toBe('hit')
    expect((await defined.get()).status).toBe('hit')
  })

  test('takes anyPart for one part whatever it is, and no parts for all', async () => {
    const { cache, keep, has } = setUp(options)
    for (const parts of [['user', 1, 'cart'], ['user', 'x/y', 'cart'], ['user', 'cart'], ['user', 1, 2, 'cart'], []])
      await keep(...parts)
    expect(await cache.deleteMatching('user', anyPart, 'cart')).toEqual({ deleted: 2, complete: true })
    expect([await has('user', 'cart'), await has('user', 1, 2, 'cart'), await has()]).toEqual([true, true, true])
    expect(await cache.deleteMatching(anyPart, anyPart, anyPart)).toEqual({ deleted: 1, complete: true })
    expect(await cache.deleteMatching(anyPart)).toEqual({ deleted: 1, complete: true })
    expect(await cache.deleteMatching()).toEqual({ deleted: 1, complete: true })
  })

  test('reaches parts that are long, and takes no character for a pattern', async () => {
    const { cache, keep, has } = setUp(options)
    const parts = ['*', '?', '[a]', 'a/b', '{}', '\\', 'x'.repeat(500), '\u0000', '%2A', ':', '_', 'ü', '=a', '^-']
    for (const part of parts) await keep(part, 'rest')
    for (const [index, part] of parts.entries()) {
      expect(await cache.deleteMatching(part)).toEqual({ deleted: 1, complete: true })
      expect(await has(part, 'rest')).toBe(false)
      for (const later of parts.slice(index + 1)) expect(await has(later, 'rest')).toBe(true)
    }
  })
})

test('deleteMatching() removes exactly the keys whose parts begin so, whatever the parts', async () => {
  const part = fc.oneof(fc.constantFrom('a', 'b', '*', 'a/b', '', 1, null), fc.string({ maxLength: 3 }), fc.boolean())
  const parts = fc.array(part, { maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(parts, { selector: (key) => JSON.stringify(key) }), parts, async (keys, prefix) => {
      const { cache, keep, has } = setUp()
      for (const key of keys) await keep(...key)
      const begins = (key: readonly unknown[]) =>
        prefix.length <= key.length && prefix.every((value, index) => value === key[index])
      expect((await cache.deleteMatching(...prefix)).deleted).toBe(keys.filter(begins).length)
      for (const key of keys) expect([key, await has(...key)]).toEqual([key, !begins(key)])
    }),
  )
})

test('deleteMatching() refuses a stamped set that began before it', async () => {
  const { cache, connect } = setUp()
  const key = cache.key('user', 1)
  const stamp = await cache.stamp(key)
  expect(await connect().deleteMatching('user')).toEqual({ deleted: 0, complete: true })
  expect(await cache.set(key, 'old', { ttl: '1m', stamp })).toEqual({ stored: false })
})

test('deleteMatching() goes through every step of a store, and says so when it stops answering', async () => {
  const { store, connect, keep, cache } = setUp()
  await keep('a', 1)
  await keep('a', 2)
  const { keys } = (await store.scan?.('*', '0')) ?? { keys: [] }
  const pages: Record<string, { keys: readonly StoreKey[]; cursor: string }> = {
    '0': { keys: keys.slice(0, 1), cursor: '5' },
    '5': { keys: [], cursor: '7' },
    '7': { keys: keys.slice(1), cursor: '0' },
  }
  const scan = vi.fn(async (_: string, cursor: string) => pages[cursor] ?? { keys: [], cursor: '0' })
  expect(await connect({ store: { ...store, scan } }).deleteMatching('a')).toEqual({ deleted: 2, complete: true })
  expect(scan.mock.calls.map(([, cursor]) => cursor)).toEqual(['0', '5', '7'])

  await keep('a', 1)
  scan.mockResolvedValueOnce({ keys, cursor: '5' }).mockRejectedValueOnce(new StoreUnavailableError('away'))
  const failing = connect({ store: { ...store, scan } })
  expect(await failing.deleteMatching('a')).toMatchObject({ complete: false })
  expect(failing.counters().storeErrors).toBe(1)
  cache.close()
})

test('deleteMatching() throws for a part that is not data and for a store that cannot list, and has nothing to do in a cache that is off', async () => {
  const { cache, connect, store } = setUp()
  await expect(cache.deleteMatching('a', new Map())).rejects.toThrow(
    'Cannot make a key: key[1] must be plain data, received an instance of Map',
  )
  const { scan: _, ...unlisted } = store
  await expect(connect({ store: unlisted }).deleteMatching('a')).rejects.toThrow(
    'Cannot delete what matches: "store" must be able to list its keys',
  )
  expect(await connect({ store: disabled() }).deleteMatching('a')).toEqual({ deleted: 0, complete: true })
})
