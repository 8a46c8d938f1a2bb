import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type CacheOptions, createCache } from '../src/cache/cache.ts'
import { StoreUnavailableError } from '../src/errors.ts'
import { blocksOf } from '../src/limit/lease.ts'
import { createLimiter } from '../src/limit/limiter.ts'
import { slidingWindow } from '../src/limit/policy.ts'
import { memory } from '../src/stores/memory/index.ts'
import { createFakeClock } from '../src/testing/fake-clock.ts'
import { runMortal, toMortal, toMortalClock, toMortalStore } from './mortal-requests.ts'

/** More than any request below hears of. */
const MOST_STEPS = 14
const deaths = Array.from({ length: MOST_STEPS }, (_, steps) => steps)
/** A wait for the right to load, the right itself, and to spare. */
const PATIENCE_MS = 2 * 10_000 + 2_000

function setUp(options: Partial<CacheOptions> = {}) {
  const real = createFakeClock()
  const clock = toMortalClock(real)
  const outage = { away: false }
  const store = toMortalStore(withOutage(memory({ clock: real }), outage))
  const cache = createCache({ store, namespace: 'test', clock, random: () => 0.5, ...options })
  return { real, clock, outage, store, cache }
}

function withOutage<S extends object>(store: S, outage: { readonly away: boolean }): S {
  return new Proxy(store, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver)
      if (typeof member !== 'function') return member
      return (...args: unknown[]) =>
        outage.away ? Promise.reject(new StoreUnavailableError('away')) : Reflect.apply(member, target, args)
    },
  })
}

type Outcome = { readonly is: 'open' } | { readonly is: 'done'; readonly value: unknown }

/** What became of each after `ms`. */
async function after(clock: { advance(ms: number): Promise<void> }, ms: number, works: readonly Promise<unknown>[]) {
  const outcomes: Outcome[] = works.map(() => ({ is: 'open' }))
  works.forEach((work, index) => {
    const end = (value: unknown) => {
      outcomes[index] = { is: 'done', value }
    }
    work.then(end, end)
  })
  await clock.advance(ms)
  return outcomes
}

/** A load over the network, of the request that begins it. */
const slowly = (clock: { after(ms: number, fire: () => void): unknown }, value: number) =>
  new Promise<number>((resolve) => void clock.after(500, () => resolve(value)))

describe('a request that dies keeps no other waiting for ever', () => {
  it.each(deaths)('for an entry that it loads: dead after %i steps', async (steps) => {
    const { real, clock, cache } = setUp()
    const value = cache.define({ name: 'value', ttl: '60s', tags: () => ['tag'], load: () => slowly(clock, 7) })
    void runMortal(steps, () => value.get().catch(() => {}))
    await real.advance(100)
    const joined = [value.get(), value.get()]
    await real.advance(100)
    const later = [...joined, value.get()]
    const done = { is: 'done', value: expect.objectContaining({ value: 7 }) }
    expect(await after(real, PATIENCE_MS, later)).toEqual([done, done, done])
    expect((await value.get()).status).toBe('hit')
  })

  it.each(deaths)('for an entry that it refreshes: dead after %i steps', async (steps) => {
    const { real, clock, cache } = setUp()
    let version = 1
    const value = cache.define({ name: 'value', ttl: '60s', staleFor: '1h', load: () => slowly(clock, version) })
    await Promise.all([value.get(), real.advance(1_000)])
    version = 2
    await real.advance(60_000)
    void runMortal(steps, () => value.get().catch(() => {}))
    await real.advance(PATIENCE_MS)
    await value.get()
    await real.advance(PATIENCE_MS)
    expect(await after(real, 1_000, [value.get()])).toEqual([
      { is: 'done', value: expect.objectContaining({ value: 2 }) },
    ])
  })

  it.each(deaths)('for its place among the loads without a store: dead after %i steps', async (steps) => {
    const { real, clock, outage, cache } = setUp({ loadsWithoutStore: 1 })
    const value = cache.define({ name: 'value', ttl: '60s', input: z.number(), load: (id) => slowly(clock, id) })
    outage.away = true
    void runMortal(steps, () => value.get(1).catch(() => {}))
    await real.advance(100)
    const done = (id: number) => ({ is: 'done', value: expect.objectContaining({ value: id }) })
    expect(await after(real, PATIENCE_MS, [value.get(2)])).toEqual([done(2)])
    expect(await after(real, 2_000, [value.get(3), value.get(4)])).toEqual([done(3), done(4)])
  })

  it.each(deaths)('for a batch that it gathers: dead after %i steps', async (steps) => {
    const { real, cache } = setUp()
    const loadMany = async (ids: readonly number[]) => toMortal(Promise.resolve(ids))
    const value = cache.define({ name: 'value', ttl: '60s', input: z.number(), loadMany })
    void runMortal(steps, () => value.get(1).catch(() => {}))
    await real.advance(100)
    const done = (id: number) => ({ is: 'done', value: expect.objectContaining({ value: id }) })
    expect(await after(real, PATIENCE_MS, [value.get(1), value.get(2)])).toEqual([done(1), done(2)])
  })

  it.each(deaths)('for an invalidation that it could not deliver: dead after %i steps', async (steps) => {
    const { real, outage, cache, store, clock } = setUp()
    const other = createCache({ store, namespace: 'test', clock })
    let version = 1
    const options = { name: 'value', ttl: '1h', tags: () => ['tag'], load: () => version } as const
    const [value, elsewhere] = [cache.define(options), other.define(options)]
    await value.get()
    version = 2
    outage.away = true
    void runMortal(steps, () => cache.invalidate(['tag']).catch(() => {}))
    await real.advance(300)
    outage.away = false
    // Later requests come by; they live on.
    for (let times = 0; times < 12; times += 1) {
      await value.get()
      await real.advance(1_000)
    }
    // One that died before it had asked is as if it had not been: nobody was told that it is under way.
    const { value: seen } = await elsewhere.get()
    if (steps > 0) expect(seen).toBe(2)
    expect((await value.get()).status).toBe('hit')
  })

  it.each(deaths)('for the probe of a store that is back: dead after %i steps', async (steps) => {
    const { real, outage, cache } = setUp()
    const value = cache.define({ name: 'value', ttl: '60s', load: () => 7 })
    outage.away = true
    for (let times = 0; times < 6; times += 1) await Promise.all([value.get(), real.advance(10)])
    outage.away = false
    await real.advance(1_000)
    void runMortal(steps, () => value.get().catch(() => {}))
    // The first may have found the store left alone, while the one that died was to find out.
    for (let times = 0; times < 2; times += 1) await after(real, PATIENCE_MS, [value.get()])
    expect((await value.get()).status).toBe('hit')
  })

  it.each(deaths)('for units that it takes in advance: dead after %i steps', async (steps) => {
    const { real, clock, store } = setUp()
    const policy = slidingWindow({ limit: 100, window: '60s', lease: blocksOf(10), onUnavailable: 'closed' })
    const limiter = createLimiter({ store, clock, policies: { policy } })
    void runMortal(steps, () => limiter.limit('policy', 'key').catch(() => {}))
    const takes = [limiter.limit('policy', 'key'), limiter.limit('policy', 'key')]
    const allowed = { is: 'done', value: expect.objectContaining({ status: 'allowed' }) }
    expect(await after(real, 2_000, takes)).toEqual([allowed, allowed])
  })
})
