import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { StoreUnavailableError } from '../errors.ts'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { type CacheOptions, createCache } from './cache.ts'
import type { CacheEvent } from './event.ts'

function setUp(options: Partial<CacheOptions> = {}) {
  const clock = createFakeClock()
  const store = memory({ clock })
  const events: CacheEvent[] = []
  const cache = createCache({
    store,
    namespace: 'test',
    clock,
    reporter: (event) => void events.push(event),
    ...options,
  })
  return { clock, store, cache, events }
}

const away = new StoreUnavailableError('away')

test('a load whose lease fails says so, is stored nowhere, and is bounded like any without the store', async () => {
  const { cache, store, clock, events } = setUp({ loadsWithoutStore: 1 })
  vi.spyOn(store, 'lease').mockRejectedValue(away)
  const loads: ((value: number) => void)[] = []
  const load = () => new Promise<number>((resolve) => void loads.push(resolve))
  const value = cache.define({ name: 'value', ttl: '5m', input: z.string(), load })
  const both = Promise.all([value.get('a'), value.get('b')])
  await clock.advance(0)
  expect(loads.length).toBe(1)
  loads[0]?.(1)
  await clock.advance(0)
  loads[1]?.(2)
  const answer = { status: 'bypass', reason: 'store-failed', ageMs: 0, ttlMs: 0 }
  expect(await both).toMatchObject([
    { value: 1, ...answer },
    { value: 2, ...answer },
  ])
  const next = value.get('c')
  await clock.advance(0)
  loads[2]?.(3)
  expect(await next).toMatchObject({ value: 3, ...answer })
  expect(events).toContainEqual({ type: 'store-error', operation: 'lease', error: away })
})

test('loads past an invalidation that waits for the store are not bounded: the store may be well', async () => {
  const { cache, store, clock } = setUp({ loadsWithoutStore: 1 })
  vi.spyOn(store, 'remove').mockRejectedValue(away)
  const loads: ((value: number) => void)[] = []
  const load = () => new Promise<number>((resolve) => void loads.push(resolve))
  const value = cache.define({ name: 'value', ttl: '5m', input: z.string(), load })
  await Promise.all([value.delete('a'), value.delete('b')])
  const both = Promise.all([value.get('a'), value.get('b')])
  await clock.advance(0)
  expect(loads.length).toBe(2)
  for (const answer of loads) answer(1)
  expect(await both).toMatchObject(Array(2).fill({ status: 'bypass', reason: 'invalidation-pending' }))
})

test('a load whose fill fails tells of the error and of a fill that was not stored', async () => {
  const { cache, store, events } = setUp()
  vi.spyOn(store, 'fill').mockRejectedValue(away)
  await cache.define({ name: 'value', ttl: '5m', load: () => 1 }).get()
  expect(events).toContainEqual({ type: 'store-error', operation: 'fill', error: away })
  expect(events).toContainEqual({ type: 'fill', name: 'value', stored: false, bytes: expect.any(Number) })
})

test('a value whose tags get no version is answered, not stored, and counted as a fill refused', async () => {
  const { cache, store, events } = setUp()
  const versions = vi.spyOn(store, 'versions').mockRejectedValue(away)
  const load = vi.fn(() => 1)
  const value = cache.define({ name: 'value', ttl: '5m', load, valueTags: () => ['named'] })
  expect(await value.get()).toMatchObject({ value: 1, status: 'miss', ttlMs: 0 })
  expect(events).toContainEqual({ type: 'store-error', operation: 'versions', error: away })
  expect(cache.counters()).toMatchObject({ fills: 0, fillsRefused: 1 })
  versions.mockRestore()
  expect((await value.get()).status).toBe('miss')
  expect((await value.get()).status).toBe('hit')
})

test('a stored value lives for a time that the given random numbers shorten, from the end of its load', async () => {
  const { cache, clock, events } = setUp({ random: () => 0.5 })
  const load = () => new Promise<number>((resolve) => void clock.after(2_000, () => resolve(1)))
  const value = cache.define({ name: 'value', ttl: '100s', load })
  const loading = value.get()
  await clock.advance(2_000)
  expect(await loading).toMatchObject({ status: 'miss', ageMs: 0, ttlMs: 95_000 })
  expect(events).toContainEqual({ type: 'load', name: 'value', ms: 2_000, ok: true })
  await clock.advance(1_000)
  expect(await value.get()).toMatchObject({ status: 'hit', ageMs: 1_000, ttlMs: 94_000 })
})

test('a load that fails tells the reporter its error, also where staleIfError keeps it from the reader', async () => {
  const { cache, clock, events } = setUp({ random: () => 0.5 })
  const failure = new Error('the origin is away')
  const load = vi.fn<() => Promise<number>>().mockResolvedValueOnce(1).mockRejectedValueOnce(failure)
  const value = cache.define({ name: 'value', ttl: '60s', staleIfError: '1h', load })
  await value.get()
  await clock.advance(60_000)
  expect(await value.get()).toMatchObject({ value: 1, status: 'stale', reason: 'load-failed' })
  expect(events.filter(({ type }) => type === 'load')).toEqual([
    { type: 'load', name: 'value', ms: 0, ok: true },
    { type: 'load', name: 'value', ms: 0, ok: false, error: failure },
  ])
})

test('a read that waits for the load of another process tells for how long it waits', async () => {
  const { cache, store, clock, events } = setUp()
  const other = createCache({ store: { ...store }, namespace: 'test', clock })
  const load = () => new Promise<number>((resolve) => void clock.after(500, () => resolve(1)))
  const [first, second] = [other, cache].map((each) => each.define({ name: 'value', ttl: '5m', load }))
  const loading = first?.get()
  await clock.advance(0)
  const waiting = second?.get()
  await clock.advance(1_000)
  expect([(await loading)?.status, (await waiting)?.status]).toEqual(['miss', 'hit'])
  expect(events).toContainEqual({ type: 'wait', name: 'value', ms: expect.any(Number) })
  expect(cache.counters().waits).toBe(1)
})

test('a loaded value is served from memory from when its load began, since an invalidation elsewhere may follow that at once', async () => {
  const { cache, store, clock } = setUp({ random: () => 0 })
  const other = createCache({ store: { ...store }, namespace: 'test', clock })
  const load = () => new Promise<number>((resolve) => void clock.after(1_000, () => resolve(1)))
  const value = cache.define({ name: 'value', ttl: '5m', local: '2s', tags: () => ['tag'], load })
  const loading = value.get()
  await clock.advance(1)
  await other.invalidate(['tag'])
  await clock.advance(999)
  await loading
  expect((await value.get()).reason).toBe('local')
  await clock.advance(1_000)
  const next = value.get()
  await clock.advance(1_000)
  expect((await next).reason).toBe('tag-changed')
})

test('a load that ends within its hard timeout leaves no timer, which would keep the process alive', async () => {
  const fake = createFakeClock()
  const cancel = vi.fn()
  const after: typeof fake.after = (ms, fire) => (ms === 7_000 ? cancel : fake.after(ms, fire))
  const { cache } = setUp({ clock: { ...fake, after } })
  await cache.define({ name: 'value', ttl: '5m', hardTimeout: '7s', load: () => 1 }).get()
  await fake.advance(0)
  expect(cancel).toHaveBeenCalledTimes(1)
})

test('a lease whose giving back fails after a failed load is given back later, and its entry read past until then', async () => {
  const { cache, store, clock } = setUp()
  const release = vi.spyOn(store, 'release').mockRejectedValueOnce(away)
  const load = vi.fn<() => number>().mockImplementationOnce(() => {
    throw new RangeError('no')
  })
  const value = cache.define({ name: 'value', ttl: '5m', load: () => load() ?? 1 })
  await expect(value.get()).rejects.toThrow('no')
  await clock.advance(0)
  expect(await value.get()).toMatchObject({ value: 1, status: 'bypass', reason: 'invalidation-pending' })
  await clock.advance(100)
  expect(release).toHaveBeenCalledTimes(2)
  expect((await value.get()).status).toBe('miss')
})
