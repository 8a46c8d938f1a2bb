import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { StoreUnavailableError } from '../errors.ts'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { type CacheOptions, createCache } from './cache.ts'

const input = z.object({ user: z.string(), window: z.int().min(3).default(7) })

function setUp(options: Partial<CacheOptions> = {}) {
  const clock = createFakeClock()
  const store = memory({ clock })
  const cache = createCache({ store, namespace: 'test', clock, ...options })
  return { clock, store, cache }
}

/** A loader whose calls the test answers one by one. */
function createManualLoader() {
  const calls: { resolve: (value: string) => void; reject: (error: unknown) => void }[] = []
  const load = () => new Promise<string>((resolve, reject) => void calls.push({ resolve, reject }))
  const called = (times: number) => vi.waitFor(() => expect(calls.length).toBe(times))
  const answer = (index: number, value: string) => calls[index]?.resolve(value)
  return { calls, load, called, answer }
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

  test('runs one load for many reads at once, and gives each a value of its own', async () => {
    const { cache } = setUp()
    const load = vi.fn(async () => ({ list: [1] }))
    const definition = cache.define({ name: 'value', ttl: '5m', load })
    const results = await Promise.all(Array.from({ length: 50 }, () => definition.get()))
    expect(load).toHaveBeenCalledTimes(1)
    results[0]?.value.list.push(2)
    expect(results.slice(1).every(({ value }) => value.list.length === 1)).toBe(true)
  })

  test('joins the load of its process that one look shows to be up to date, and counts as joined', async () => {
    const { cache, store } = setUp()
    const { load, called, answer } = createManualLoader()
    const value = cache.define({ name: 'value', ttl: '5m', load })
    const first = value.get()
    await called(1)
    const asked = [vi.spyOn(store, 'read'), vi.spyOn(store, 'lease')]
    const second = value.get()
    await vi.waitFor(() => expect(asked[0]).toHaveBeenCalledTimes(1))
    answer(0, 'one')
    expect((await Promise.all([first, second])).map(({ status }) => status)).toEqual(['miss', 'miss'])
    expect(asked.map((calls) => calls.mock.calls.length)).toEqual([1, 0])
    expect(cache.counters()).toMatchObject({ misses: 2, joined: 1, loads: 1 })
  })

  test('runs one load for many processes at once', async () => {
    const { store } = setUp()
    const { load, called, answer } = createManualLoader()
    const caches = Array.from({ length: 8 }, () => createCache({ store, namespace: 'fleet' }))
    const reads = caches.map((cache) => cache.define({ name: 'value', ttl: '5m', load }).get())
    await called(1)
    answer(0, 'one')
    const values = (await Promise.all(reads)).map(({ value }) => value)
    expect(values).toEqual(Array(8).fill('one'))
    await called(1)
  })

  test('waits for another process by reads, which show the lease: it asks for it once', async () => {
    const { store, clock } = setUp()
    const { load, called, answer } = createManualLoader()
    const lease = vi.fn(store.lease)
    const connect = () => createCache({ store: { ...store, lease }, namespace: 'test', clock })
    const [one, two] = [connect(), connect()].map((cache) => cache.define({ name: 'value', ttl: '5m', load }))
    const first = one?.get()
    await called(1)
    const second = two?.get()
    await clock.advance(5_000)
    expect(lease).toHaveBeenCalledTimes(2)
    answer(0, 'one')
    await first
    await clock.advance(1_000)
    expect(await second).toMatchObject({ value: 'one' })
    expect(lease).toHaveBeenCalledTimes(2)
  })

  test('takes over from a holder that died when its lease is over', async () => {
    const { cache, store, clock } = setUp({ lease: '10s' })
    const dead = createCache({ store, namespace: 'test', clock })
    void dead.define({ name: 'value', ttl: '5m', load: () => new Promise<string>(() => {}) }).get()
    await clock.advance(0)
    const read = cache.define({ name: 'value', ttl: '5m', load: () => 'next' }).get()
    let done = false
    void read.then(() => {
      done = true
    })
    await clock.advance(9_999)
    expect(done).toBe(false)
    await clock.advance(1)
    expect(await read).toMatchObject({ value: 'next', status: 'miss' })
  })
})

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
