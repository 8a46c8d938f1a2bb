import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { StoreUnavailableError } from '../errors.ts'
import { memory } from '../stores/memory/index.ts'
import { createChaos } from '../testing/chaos-store.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { type CacheOptions, createCache } from './cache.ts'
import type { CacheStore } from './cache-store.ts'
import type { CacheEvent } from './event.ts'

function setUp(options: Partial<CacheOptions> = {}) {
  const clock = createFakeClock()
  const store = memory({ clock })
  const cache = createCache({ store, namespace: 'test', clock, ...options })
  return { clock, store, cache }
}

describe('a store that fails', () => {
  function failing(error: unknown): CacheStore & { kind: string } {
    const fail = () => Promise.reject(error)
    return {
      kind: 'failing',
      read: fail,
      lease: fail,
      fill: fail,
      release: fail,
      versions: fail,
      renew: fail,
      remove: fail,
    }
  }

  test('is told of a deletion when it is back, and until then its process reads past the entry', async () => {
    const { cache, store, clock } = setUp()
    const load = vi.fn(() => 1)
    const value = cache.define({ name: 'value', ttl: '5m', input: z.string(), load })
    const key = cache.key('plain')
    await Promise.all([value.get('a'), value.get('b'), cache.set(key, 1, { ttl: '5m' })])
    const remove = vi.spyOn(store, 'remove').mockRejectedValue(new StoreUnavailableError('away'))
    expect(await Promise.all([value.delete('a'), cache.delete(key)])).toEqual(Array(2).fill({ delivered: false }))
    expect(await value.get('a')).toMatchObject({ status: 'bypass', reason: 'invalidation-pending' })
    expect(await cache.get(key)).toEqual({ status: 'miss', reason: 'invalidation-pending' })
    expect((await value.get('b')).status).toBe('hit')
    remove.mockRestore()
    await clock.advance(2_000)
    expect(await value.get('a')).toMatchObject({ status: 'miss', reason: 'absent' })
    expect(await cache.get(key)).toEqual({ status: 'miss', reason: 'absent' })
  })

  test('stores no plain entry, and says so', async () => {
    const events: CacheEvent[] = []
    const { cache, store } = setUp({ reporter: (event) => void events.push(event) })
    const key = cache.key('plain')
    vi.spyOn(store, 'fill').mockRejectedValueOnce(new StoreUnavailableError('away'))
    expect(await cache.set(key, 1, { ttl: '5m' })).toEqual({ stored: false })
    vi.spyOn(store, 'lease').mockRejectedValueOnce(new StoreUnavailableError('away'))
    expect(await cache.set(key, 1, { ttl: '5m' })).toEqual({ stored: false })
    expect(events.map((event) => event.type === 'store-error' && event.operation)).toEqual(['fill', 'stamp'])
    expect(await cache.set(key, 1, { ttl: '5m' })).toEqual({ stored: true })
    expect(events.length).toBe(2)
  })

  test('is answered past by the loader, and left alone after five failures in a row', async () => {
    const store = failing(new StoreUnavailableError('away'))
    const read = vi.spyOn(store, 'read')
    const { cache, clock } = setUp({ store })
    const definition = cache.define({ name: 'value', ttl: '5m', load: () => 1 })
    for (let turn = 0; turn < 9; turn += 1) {
      expect(await definition.get()).toMatchObject({ value: 1, status: 'bypass', reason: 'store-failed' })
    }
    expect(read).toHaveBeenCalledTimes(5)
    await clock.advance(1_000)
    await definition.get()
    expect(read).toHaveBeenCalledTimes(6)
  })

  test('costs at most the deadline when it hangs', async () => {
    const { cache, clock } = setUp({
      store: { ...failing(null), read: () => new Promise(() => {}) },
      deadline: '150ms',
    })
    const result = cache.define({ name: 'value', ttl: '5m', load: () => 1 }).get()
    await clock.advance(150)
    expect(await result).toMatchObject({ value: 1, status: 'bypass', reason: 'store-failed' })
  })

  test('that loses only the fill still answers, and the lease is given back', async () => {
    const { cache, store, clock } = setUp()
    vi.spyOn(store, 'fill').mockRejectedValueOnce(new StoreUnavailableError('away'))
    const definition = cache.define({ name: 'value', ttl: '5m', load: () => 1 })
    expect(await definition.get()).toMatchObject({ value: 1, status: 'miss', ttlMs: 0 })
    expect((await definition.get()).status).toBe('bypass')
    await clock.advance(100)
    expect((await definition.get()).status).toBe('miss')
    expect((await definition.get()).status).toBe('hit')
  })

  test.each(['fill', 'release'] as const)(
    'that loses the answer to a %s is given back that lease alone: not the one that another process holds by now',
    async (lost) => {
      const { cache, store, clock } = setUp({ lease: '50ms' })
      const [slow, third] = [1, 2].map(() =>
        createCache({ store: { ...store }, namespace: 'test', clock, lease: '10s' }),
      )
      const fail = () => Promise.reject(new StoreUnavailableError('away'))
      vi.spyOn(store, lost).mockImplementationOnce(fail)
      const own = lost === 'fill' ? () => 1 : fail
      await cache
        .define({ name: 'value', ttl: '5m', load: own })
        .get()
        .catch(() => {})
      await clock.advance(60)
      const loads: (() => void)[] = []
      const load = () => new Promise<number>((resolve) => void loads.push(() => resolve(2)))
      const reading = slow?.define({ name: 'value', ttl: '5m', load }).get()
      await clock.advance(0)
      expect(loads.length).toBe(1)
      await clock.advance(500)
      const joining = third?.define({ name: 'value', ttl: '5m', load }).get()
      await clock.advance(0)
      expect(loads.length).toBe(1)
      loads[0]?.()
      await reading
      await clock.advance(500)
      expect(await joining).toMatchObject({ value: 2, status: 'hit' })
    },
  )

  test('hears of what it missed as soon as it answers again, not at the next try', async () => {
    const inner = memory({ clock: createFakeClock() })
    const { store, calm } = createChaos(inner, { shares: { error: 1 } })
    const { cache, clock } = setUp({ store })
    const definition = cache.define({ name: 'value', ttl: '5m', tags: () => ['tag'], load: () => 1 })
    const other = cache.define({ name: 'other', ttl: '5m', load: () => 1 })
    await cache.invalidate(['tag'])
    for (let turn = 0; turn < 5; turn += 1) await other.get()
    // Tries come at 100, 300, 700, 1,500 and 2,500 ms; the probe at 1,000 fails, the one at 2,000 closes the breaker.
    for (const ms of [1_000, 600]) {
      await clock.advance(ms)
      await other.get()
    }
    calm()
    await clock.advance(400)
    expect((await other.get()).status).toBe('miss')
    expect(await definition.get()).toMatchObject({ status: 'bypass', reason: 'invalidation-pending' })
    await clock.advance(100)
    expect((await definition.get()).status).toBe('miss')
    cache.close()
  })

  test('that loses only the answer to a lease keeps nobody waiting for what nobody loads: the lease is given back', async () => {
    const { cache, store, clock } = setUp({ lease: '10s' })
    const other = createCache({ store: { ...store }, namespace: 'test', clock })
    const lease = store.lease.bind(store)
    vi.spyOn(store, 'lease').mockImplementationOnce(async (request) => {
      await lease(request)
      throw new StoreUnavailableError('away')
    })
    const [here, there] = [cache, other].map((one) => one.define({ name: 'value', ttl: '5m', load: () => 1 }))
    expect((await here?.get())?.status).toBe('bypass')
    const read = there?.get()
    await clock.advance(500)
    await expect(Promise.race([read, 'still waiting'])).resolves.toMatchObject({ status: 'miss' })
    expect((await here?.get())?.status).toBe('hit')
  })

  test('that grants no lease is given back those that it was asked for alone, not those that the breaker kept from it', async () => {
    const { cache, store, clock } = setUp()
    const lease = vi.spyOn(store, 'lease').mockRejectedValue(new StoreUnavailableError('full'))
    const release = vi.spyOn(store, 'release')
    const value = cache.define({ name: 'value', ttl: '5m', input: z.string(), load: (id) => id })
    for (let id = 0; id < 20; id += 1) await value.get(`${id}`)
    await clock.advance(100)
    expect([lease, release].map(({ mock }) => mock.calls.length)).toEqual([5, 5])
  })

  test('that refuses what writes is still asked to delete', async () => {
    const { cache, store } = setUp()
    vi.spyOn(store, 'lease').mockRejectedValue(new StoreUnavailableError('full'))
    const value = cache.define({ name: 'value', ttl: '5m', input: z.string(), load: (id) => id })
    for (let id = 0; id < 6; id += 1) await value.get(`${id}`)
    expect(await cache.invalidate(['tag'])).toEqual({ delivered: false })
    expect(await value.delete('0')).toEqual({ delivered: true })
  })

  test('is asked once more by a cache that is closed, and then no more', async () => {
    const { cache, store, clock } = setUp()
    const renew = vi.spyOn(store, 'renew').mockRejectedValue(new StoreUnavailableError('away'))
    await cache.invalidate(['tag'])
    await cache.close()
    await clock.advance(5_000)
    expect(renew).toHaveBeenCalledTimes(2)
  })
})
