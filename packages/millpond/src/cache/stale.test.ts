import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { StoreUnavailableError } from '../errors.ts'
import { memory } from '../stores/memory/index.ts'
import { createChaos } from '../testing/chaos-store.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { type CacheOptions, createCache } from './cache.ts'

function setUp(options: Partial<CacheOptions> = {}) {
  const clock = createFakeClock()
  const store = memory({ clock })
  const background: Promise<unknown>[] = []
  const waitUntil = (work: Promise<unknown>) => void background.push(work)
  const cache = createCache({ store, namespace: 'test', clock, random: () => 0.5, waitUntil, ...options })
  return { clock, store, cache, background }
}

describe('staleFor', () => {
  test('serves the old value at once, and one refresh in the background brings the new one', async () => {
    const { cache, clock, background } = setUp()
    let version = 1
    const load = vi.fn(() => version)
    const value = cache.define({ name: 'value', ttl: '60s', staleFor: '60s', load })
    await value.get()
    expect(background.splice(0).length).toBe(1)
    version = 2
    await clock.advance(60_000)
    const reads = await Promise.all([value.get(), value.get(), value.get()])
    expect(reads.map((read) => [read.value, read.status, read.reason])).toEqual(
      Array(3).fill([1, 'stale', 'revalidating']),
    )
    expect(background.length).toBe(1)
    await Promise.all(background)
    expect(await value.get()).toMatchObject({ value: 2, status: 'hit' })
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('is over when it is over', async () => {
    const { cache, clock } = setUp()
    const value = cache.define({ name: 'value', ttl: '60s', staleFor: '60s', load: () => 1 })
    await value.get()
    await clock.advance(120_000)
    expect((await value.get()).status).toBe('miss')
  })

  test('is what the reader says, however long the writer keeps it', async () => {
    const { cache, clock, store } = setUp()
    const older = createCache({ store, namespace: 'test', clock, random: () => 0.5 })
    await cache.define({ name: 'value', ttl: '60s', staleFor: '1h', load: () => 1 }).get()
    await clock.advance(60_000)
    const value = older.define({ name: 'value', ttl: '60s', load: () => 2 })
    expect(await value.get()).toMatchObject({ value: 2, status: 'miss', reason: 'expired' })
  })

  test('never serves a value that was invalidated or deleted', async () => {
    const { cache, clock } = setUp()
    let version = 1
    const value = cache.define({ name: 'value', ttl: '60s', staleFor: '60s', tags: () => ['tag'], load: () => version })
    await value.get()
    await clock.advance(60_000)
    version = 2
    await cache.invalidate(['tag'])
    expect(await value.get()).toMatchObject({ value: 2, status: 'miss' })
  })

  test('a refresh loads nothing that another process is loading, or has loaded since', async () => {
    const { cache, clock, store, background } = setUp()
    const elsewhere: Promise<unknown>[] = []
    const waitUntil = (work: Promise<unknown>) => void elsewhere.push(work)
    const there = createCache({ store, namespace: 'test', clock, random: () => 0.5, waitUntil })
    const answers: ((value: number) => void)[] = []
    const slow = () => new Promise<number>((resolve) => void answers.push(resolve))
    const load = vi.fn(() => 1)
    const value = cache.define({ name: 'value', ttl: '60s', staleFor: '60s', load })
    await value.get()
    await clock.advance(60_000)
    await there.define({ name: 'value', ttl: '60s', staleFor: '60s', load: slow }).get()
    expect((await value.get()).status).toBe('stale')
    await Promise.all(background)
    const late: (() => void)[] = []
    const { lease } = store
    vi.spyOn(store, 'lease').mockImplementationOnce(async (request) => {
      await new Promise<void>((resolve) => void late.push(resolve))
      return lease(request)
    })
    expect((await value.get()).status).toBe('stale')
    answers[0]?.(2)
    await Promise.all(elsewhere)
    late[0]?.()
    await Promise.all(background)
    expect(load).toHaveBeenCalledTimes(1)
    expect(await value.get()).toMatchObject({ value: 2, status: 'hit' })
  })

  test('a refresh that fails leaves the old value, and the next read tries again', async () => {
    const { cache, clock, background } = setUp()
    const load = vi
      .fn<() => Promise<number>>()
      .mockResolvedValueOnce(1)
      .mockRejectedValueOnce(new Error('away'))
      .mockResolvedValueOnce(2)
    const value = cache.define({ name: 'value', ttl: '60s', staleFor: '60s', load })
    await value.get()
    await clock.advance(60_000)
    await value.get()
    await Promise.all(background)
    expect(await value.get()).toMatchObject({ value: 1, status: 'stale' })
    await Promise.all(background)
    expect(await value.get()).toMatchObject({ value: 2, status: 'hit' })
    expect(cache.counters()).toMatchObject({ refreshes: 2, refreshErrors: 1 })
  })

  test('a refresh is fenced: what it loaded before a deletion is not stored', async () => {
    const { cache, clock } = setUp()
    const answers: ((value: string) => void)[] = []
    const load = () => new Promise<string>((resolve) => void answers.push(resolve))
    const value = cache.define({ name: 'value', ttl: '60s', staleFor: '60s', load })
    const first = value.get()
    await vi.waitFor(() => expect(answers.length).toBe(1))
    answers[0]?.('first')
    await first
    await clock.advance(60_000)
    await value.get()
    await vi.waitFor(() => expect(answers.length).toBe(2))
    await value.delete()
    answers[1]?.('read before the deletion')
    const next = value.get()
    await vi.waitFor(() => expect(answers.length).toBe(3))
    answers[2]?.('read after it')
    expect((await next).value).toBe('read after it')
    expect((await value.get()).value).toBe('read after it')
  })
})

describe('XFetch', () => {
  test('loads a value anew before it expires, and serves it meanwhile', async () => {
    const { cache, clock, background } = setUp({ random: () => 0.001 })
    const load = vi.fn(async () => {
      clock.set(clock.now() + 5_000)
      return 1
    })
    const value = cache.define({ name: 'value', ttl: '60s', load })
    await value.get()
    background.length = 0
    await clock.advance(20_000)
    expect((await value.get()).status).toBe('hit')
    expect(background.length).toBe(0)
    await clock.advance(10_000)
    expect((await value.get()).status).toBe('hit')
    await Promise.all(background)
    expect(load).toHaveBeenCalledTimes(2)
  })
})

describe('staleIfError', () => {
  const options = { name: 'value', ttl: '60s', staleIfError: '1h' } as const

  test('serves the old value when loading anew fails', async () => {
    const { cache, clock } = setUp()
    const load = vi.fn<() => Promise<number>>().mockResolvedValueOnce(1).mockRejectedValue(new Error('database away'))
    const value = cache.define({ ...options, load })
    await value.get()
    await clock.advance(60_000)
    expect(await value.get()).toMatchObject({
      value: 1,
      status: 'stale',
      reason: 'load-failed',
      ageMs: 60_000,
      ttlMs: 0,
    })
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('gives every one of many readers the old value', async () => {
    const { cache, clock } = setUp()
    const load = vi.fn<() => Promise<number>>().mockResolvedValueOnce(1).mockRejectedValue(new Error('database away'))
    const value = cache.define({ ...options, load })
    await value.get()
    await clock.advance(60_000)
    const reads = await Promise.all(Array.from({ length: 10 }, () => value.get()))
    expect(reads.map(({ value: old }) => old)).toEqual(Array(10).fill(1))
  })

  test('gives it to a reader too that joined without having looked', async () => {
    const { cache, clock, store } = setUp()
    const load = vi.fn<() => Promise<number>>().mockResolvedValueOnce(1).mockRejectedValue(new Error('database away'))
    const value = cache.define({ ...options, load })
    await value.get()
    await clock.advance(60_000)
    const dying = createCache({ store, namespace: 'test', clock })
    void dying.define({ ...options, load: () => new Promise<number>(() => {}) }).get()
    await clock.advance(0)
    const waiting = value.get()
    await clock.advance(0)
    const looks = vi.spyOn(store, 'read')
    const joined = value.get()
    expect(looks).not.toHaveBeenCalled()
    await clock.advance(11_000)
    for (const read of [waiting, joined]) {
      expect(await read).toMatchObject({ value: 1, status: 'stale', reason: 'load-failed' })
    }
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('lets the error through when there is nothing to serve, or it was invalidated', async () => {
    const { cache, clock } = setUp()
    const failure = new Error('database away')
    const load = vi
      .fn<() => Promise<number>>()
      .mockRejectedValueOnce(failure)
      .mockResolvedValueOnce(1)
      .mockRejectedValue(failure)
    const value = cache.define({ ...options, tags: () => ['tag'], load })
    await expect(value.get()).rejects.toBe(failure)
    await value.get()
    await clock.advance(60_000)
    await cache.invalidate(['tag'])
    await expect(value.get()).rejects.toBe(failure)
  })

  test('lets the error through while an invalidation is on its way, which the store has not seen', async () => {
    const { cache, clock, store } = setUp()
    const failure = new Error('database away')
    const load = vi.fn<() => Promise<number>>().mockResolvedValueOnce(1).mockRejectedValue(failure)
    const value = cache.define({ ...options, tags: () => ['tag'], load })
    await value.get()
    await clock.advance(60_000)
    vi.spyOn(store, 'renew').mockRejectedValue(new StoreUnavailableError('away'))
    expect(await cache.invalidate(['tag'])).toEqual({ delivered: false })
    await expect(value.get()).rejects.toBe(failure)
  })

  test('serves the old value after the soft timeout, while the load goes on and is stored', async () => {
    const { cache, clock } = setUp()
    const answers: ((value: number) => void)[] = []
    const load = () => new Promise<number>((resolve) => void answers.push(resolve))
    const value = cache.define({ ...options, softTimeout: '200ms', load })
    const first = value.get()
    await vi.waitFor(() => expect(answers.length).toBe(1))
    answers[0]?.(1)
    await first
    await clock.advance(60_000)
    const slow = value.get()
    await vi.waitFor(() => expect(answers.length).toBe(2))
    await clock.advance(200)
    expect(await slow).toMatchObject({ value: 1, status: 'stale', reason: 'load-slow' })
    answers[1]?.(2)
    await vi.waitFor(async () => expect(await value.get()).toMatchObject({ value: 2, status: 'hit' }))
  })
})

test('hardTimeout gives a load up, aborts its signal, and lets the next read load', async () => {
  const { cache, clock } = setUp()
  const signals: AbortSignal[] = []
  const load = vi.fn((_: undefined, { signal }: { signal: AbortSignal }) => {
    signals.push(signal)
    return signals.length === 1 ? new Promise<number>(() => {}) : Promise.resolve(2)
  })
  const value = cache.define({ name: 'value', ttl: '60s', hardTimeout: '1s', load })
  const error = value.get().catch((thrown: unknown) => thrown)
  await clock.advance(1_000)
  expect(await error).toMatchObject({
    code: 'ERR_LOAD_TIMEOUT',
    message: 'Cannot load "value": "load" must answer within 1000 ms',
  })
  expect(signals[0]?.aborted).toBe(true)
  expect((await value.get()).value).toBe(2)
})

test('nullTtl is the TTL of a value that is null', async () => {
  const { cache, clock } = setUp()
  const load = vi.fn<() => number | null>().mockReturnValueOnce(null).mockReturnValue(1)
  const value = cache.define({ name: 'value', ttl: '60s', nullTtl: '5s', load })
  expect((await value.get()).value).toBe(null)
  await clock.advance(4_000)
  expect(await value.get()).toMatchObject({ value: null, status: 'hit' })
  await clock.advance(1_000)
  expect(await value.get()).toMatchObject({ value: 1, status: 'miss' })
})

test('loadsWithoutStore bounds the loads that run at once while the store is away', async () => {
  const { store } = createChaos(memory(), { shares: { error: 1 } })
  const { cache } = setUp({ store, loadsWithoutStore: 3 })
  let running = 0
  let most = 0
  const value = cache.define({
    name: 'value',
    ttl: '60s',
    input: z.int(),
    async load(id) {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
      return id
    },
  })
  const reads = await Promise.all(Array.from({ length: 20 }, (_, id) => value.get(id)))
  expect(reads.map((read) => read.value)).toEqual(Array.from({ length: 20 }, (_, id) => id))
  expect(most).toBe(3)
})
