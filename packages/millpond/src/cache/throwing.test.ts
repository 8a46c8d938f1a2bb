import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { type CacheOptions, createCache } from './cache.ts'
import type { CacheEvent } from './event.ts'
import type { Seal } from './unsealed.ts'

function setUp(options: Partial<CacheOptions> = {}) {
  const clock = createFakeClock()
  const store = memory({ clock })
  const errors: CacheEvent[] = []
  const reporter = (event: CacheEvent) => void ('error' in event && errors.push(event))
  const cache = createCache({ store, namespace: 'test', clock, random: () => 0.5, reporter, ...options })
  return { clock, store, cache, errors }
}

const broken = new Error('broken')
const fail = (): never => {
  throw broken
}
const plain: Seal = { close: (body) => body, open: (body) => body }

describe('what is passed in and throws', () => {
  test('waitUntil: a load is answered, a stale value too, and that is loaded anew all the same', async () => {
    const { cache, clock, errors } = setUp({ waitUntil: fail })
    const load = vi.fn(() => load.mock.calls.length)
    const value = cache.define({ name: 'value', ttl: '60s', staleFor: '60s', load })
    expect(await value.get()).toMatchObject({ value: 1, status: 'miss' })
    await clock.advance(60_000)
    expect(await value.get()).toMatchObject({ value: 1, status: 'stale' })
    await clock.advance(0)
    expect(await value.get()).toMatchObject({ value: 2, status: 'hit' })
    const told = { type: 'hook-error', operation: 'waitUntil', error: broken }
    expect(errors).toEqual([told, told])
    expect(cache.counters()).toMatchObject({ hookErrors: 2, storeErrors: 0 })
  })

  test('codec.decode: a miss, and where it throws for what was just encoded the read rejects with its error', async () => {
    const { cache, store, clock } = setUp()
    let fails = false
    const decode = (text: string) => (fails ? fail() : text)
    const codec = { name: 'own', encode: String, decode }
    const [value, other] = [cache, createCache({ store, namespace: 'test', clock })].map((one) =>
      one.define({ name: 'value', ttl: '60s', codec, load: () => 'loaded' }),
    )
    await value?.get()
    expect((await other?.get())?.status).toBe('hit')
    fails = true
    await expect(value?.get()).rejects.toBe(broken)
    fails = false
    expect((await other?.get())?.status).toBe('hit')
  })

  test.each([
    ['throws', fail],
    ['rejects', () => Promise.reject(broken)],
  ])('seal.open %s: a miss', async (_, open) => {
    const { cache } = setUp({ seal: { ...plain, open } })
    const value = cache.define({ name: 'value', ttl: '60s', load: () => 1 })
    await value.get()
    expect(await value.get()).toMatchObject({ value: 1, status: 'miss', reason: 'unreadable' })
  })

  test.each([
    ['throws', fail],
    ['rejects', () => Promise.reject(broken)],
  ])('seal.close %s: the loaded value is answered, not stored, and the lease given back', async (_, close) => {
    const { cache, errors } = setUp({ seal: { ...plain, close } })
    const value = cache.define({ name: 'value', ttl: '60s', load: () => 1 })
    for (let times = 0; times < 2; times += 1)
      expect(await value.get()).toMatchObject({ value: 1, status: 'miss', reason: 'absent', ttlMs: 0 })
    expect(cache.counters()).toMatchObject({ misses: 2 })
    const key = cache.key('a')
    expect(await cache.set(key, 1, { ttl: '60s' })).toEqual({ stored: false })
    expect(errors).toEqual(Array(3).fill({ type: 'hook-error', operation: 'seal', error: broken }))
    expect(cache.counters()).toMatchObject({ hookErrors: 3, storeErrors: 0, fills: 0, fillsRefused: 2 })
  })

  test('an output schema that throws for what lies in the store: a miss', async () => {
    const { cache, store, clock } = setUp()
    const old = createCache({ store, namespace: 'test', clock })
    await old.define({ name: 'value', ttl: '60s', load: () => 'old' }).get()
    const output = z.string().transform((text) => (text === 'old' ? fail() : text))
    const value = cache.define({ name: 'value', ttl: '60s', output, load: () => 'new' })
    expect(await value.get()).toMatchObject({ value: 'new', status: 'miss', reason: 'schema-rejected' })
    expect(await value.get()).toMatchObject({ value: 'new', status: 'hit' })
  })

  test('an output schema that throws for what was loaded: its error reaches the caller, and the lease is given back', async () => {
    const { cache } = setUp()
    const output = z.string().transform(fail)
    const value = cache.define({ name: 'value', ttl: '60s', output, load: () => 'new' })
    for (let times = 0; times < 2; times += 1) await expect(value.get()).rejects.toThrow('broken')
  })
})
