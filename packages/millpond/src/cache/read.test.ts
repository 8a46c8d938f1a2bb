import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
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

describe('get()', () => {
  test('loads on a miss and answers the next read from the store', async () => {
    const { cache, clock } = setUp()
    const trend = cache.define({ name: 'trend', ttl: '5m', input, load: ({ user, window }) => ({ user, window }) })
    const miss = await trend.get({ user: 'alice' })
    await clock.advance(1_000)
    const hit = await trend.get({ window: 7, user: 'alice' })
    expect(miss).toMatchObject({ value: { user: 'alice', window: 7 }, status: 'miss', reason: 'absent', ageMs: 0 })
    expect(hit).toMatchObject({ value: { user: 'alice', window: 7 }, status: 'hit', reason: 'fresh', ageMs: 1_000 })
    expect(hit.body).toBe(miss.body)
    expect(hit.ttlMs).toBe(miss.ttlMs - 1_000)
    expect(miss.ttlMs).toBeGreaterThanOrEqual(270_000)
    expect(miss.ttlMs).toBeLessThanOrEqual(300_000)
  })

  test('gives a miss the value that a hit would have: through the encoding', async () => {
    const { cache } = setUp()
    const at = cache.define({ name: 'at', ttl: '5m', load: () => ({ at: new Date(0), gone: undefined }) })
    const [miss, hit] = [await at.get(), await at.get()]
    expect(miss.value).toEqual({ at: '1970-01-01T00:00:00.000Z' })
    expect(hit.value).toEqual(miss.value)
  })

  test.each([[null], [0], [''], [false], [[]]])('caches %j as a value', async (value) => {
    const { cache } = setUp()
    const load = vi.fn(() => value)
    const definition = cache.define({ name: 'value', ttl: '5m', load })
    expect([(await definition.get()).value, (await definition.get()).value]).toEqual([value, value])
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('loads again when the TTL has passed', async () => {
    const { cache, clock } = setUp()
    const load = vi.fn(() => 1)
    const definition = cache.define({ name: 'value', ttl: '5m', load })
    await definition.get()
    await clock.advance(300_000)
    expect(await definition.get()).toMatchObject({ status: 'miss', reason: 'absent' })
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('keys by every parameter of the validated input', async () => {
    const { cache } = setUp()
    const trend = cache.define({ name: 'trend', ttl: '5m', input, load: ({ window }) => window })
    expect((await trend.get({ user: 'alice', window: 7 })).status).toBe('miss')
    expect((await trend.get({ user: 'alice', window: 8 })).status).toBe('miss')
    expect((await trend.get({ user: 'bob', window: 7 })).status).toBe('miss')
    expect((await trend.get({ user: 'alice' })).status).toBe('hit')
  })

  test('throws for an input that its schema rejects, without asking the store', async () => {
    const { cache, store } = setUp()
    const read = vi.spyOn(store, 'read')
    const trend = cache.define({ name: 'trend', ttl: '5m', input, load: () => 1 })
    const error = await trend.get({ user: 'alice', window: 1 }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_INVALID_INPUT', issues: [{ path: 'window' }] })
    expect(String(error)).toContain('Cannot read "trend": the input must match its schema, window: ')
    expect(read).not.toHaveBeenCalled()
  })

  test('caches no failed load, and passes its error on as it is', async () => {
    const { cache } = setUp()
    const failure = new Error('database away')
    const load = vi.fn<() => Promise<number>>().mockRejectedValueOnce(failure).mockResolvedValueOnce(2)
    const definition = cache.define({ name: 'value', ttl: '5m', load })
    await expect(definition.get()).rejects.toBe(failure)
    expect(await definition.get()).toMatchObject({ value: 2, status: 'miss' })
    expect(cache.counters()).toMatchObject({ loads: 2, loadErrors: 1, fills: 1 })
  })

  test.each([[undefined], [() => 1], [10n]])('throws when the loader returns %s, which is not JSON', async (value) => {
    const { cache } = setUp()
    const definition = cache.define<unknown>({ name: 'value', ttl: '5m', load: () => value })
    await expect(definition.get()).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE' })
  })

  test('treats an entry as a miss that its output schema or version no longer accepts', async () => {
    const { cache, store, clock } = setUp()
    const old = cache.define({ name: 'value', ttl: '5m', load: () => ({ a: 1 }) })
    await old.get()
    const shape = z.object({ b: z.number() })
    const next = createCache({ store, namespace: 'test', clock })
    const value = next.define({ name: 'value', ttl: '5m', output: shape, load: () => ({ b: 2 }) })
    expect(await value.get()).toMatchObject({ value: { b: 2 }, status: 'miss', reason: 'schema-rejected' })
    const later = createCache({ store, namespace: 'test', clock })
    const v2 = later.define({ name: 'value', ttl: '5m', version: '2', load: () => 3 })
    expect(await v2.get()).toMatchObject({ status: 'miss', reason: 'version-changed' })
  })

  test('throws when a loaded value does not match the output schema, and stores nothing', async () => {
    const { cache } = setUp()
    const load = () => ({ b: 'two' }) as unknown as { b: number }
    const value = cache.define({ name: 'value', ttl: '5m', output: z.object({ b: z.number() }), load })
    await expect(value.get()).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE', issues: [{ path: 'b' }] })
    expect(cache.counters().fills).toBe(0)
  })
})
