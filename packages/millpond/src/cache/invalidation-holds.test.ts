import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { StoreKey } from '../key.ts'
import { memory } from '../stores/memory/index.ts'
import type { Clock } from '../time/clock.ts'
import { type Cache, createCache } from './cache.ts'
import type { CacheStore } from './cache-store.ts'

type Scheduler = fc.Scheduler

/** Plain; with every hit so early or stale that it begins a load in the background; two inputs at once, loaded as a batch; or with a local tier, whose promise holds within one process. */
type Mode = 'plain' | 'refresh' | 'many' | 'local'

/** What the writer invalidates: a tag of the input, one that only the value names, or the entry. */
type Kind = 'tag' | 'value-tag' | 'key'

/** Puts a scheduling point before and after every operation: a request, and its reply, may be overtaken by anything. */
function interleaved(store: CacheStore, scheduler: Scheduler, touched: Set<StoreKey>): CacheStore & { kind: string } {
  const pause = (label: string) => scheduler.schedule(Promise.resolve(), label)
  const wrap =
    <Args extends unknown[], Result>(label: string, run: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      await pause(`${label} sent`)
      const result = await run(...args)
      await pause(`${label} answered`)
      return result
    }
  return {
    kind: 'interleaved',
    read: wrap('read', (keys) => {
      for (const key of keys) touched.add(key)
      return store.read(keys)
    }),
    lease: wrap('lease', store.lease),
    fill: wrap('fill', store.fill),
    release: wrap('release', store.release),
    // On a cluster these are not one step: what their contract leaves open is open here.
    versions: wrap('versions', async (tags, nonce, ttlMs) => {
      const others = await store.versions(tags.slice(0, -1), nonce, ttlMs)
      await pause('between versions')
      return [...others, ...(await store.versions(tags.slice(-1), nonce, ttlMs))]
    }),
    renew: wrap('renew', async (tags, nonce, ttlMs) => {
      for (const tag of tags) {
        await store.renew([tag], nonce, ttlMs)
        await pause('between renewals')
      }
    }),
    remove: wrap('remove', store.remove),
  }
}

/** Time moves on by a millisecond with each look at it, and short timers fire at any moment: back-off and retries interleave with everything else. */
function scheduledClock(scheduler: Scheduler): Clock {
  let now = Date.UTC(2026, 0, 1)
  return {
    now: () => {
      now += 1
      return now
    },
    after(ms, fire) {
      let cancelled = false
      if (ms <= 1_000) void scheduler.schedule(Promise.resolve(), 'timer').then(() => cancelled || fire())
      return () => {
        cancelled = true
      }
    },
  }
}

/** Two processes read, a third commits and invalidates, and an adversary evicts keys; every order is the scheduler's to choose. */
async function run(scheduler: Scheduler, kind: Kind, evictions: number, mode: Mode): Promise<void> {
  const refreshing = mode === 'refresh'
  const clock = scheduledClock(scheduler)
  const touched = new Set<StoreKey>()
  const real = memory({ clock })
  const store = interleaved(real, scheduler, touched)
  let database = 0
  let committedAndInvalidated = 0
  const caches: Cache[] = []
  const connect = () => {
    const cache = createCache({
      store,
      namespace: 'race',
      clock,
      deadline: '60s',
      random: () => (refreshing ? 0 : 0.5),
    })
    caches.push(cache)
    const load = async () => {
      const loaded = database
      await scheduler.schedule(Promise.resolve(), 'loaded')
      return loaded
    }
    const options = {
      name: 'value',
      ttl: refreshing ? (30 as const) : ('5m' as const),
      staleFor: '1h' as const,
      ...(mode === 'local' ? { local: '1h' as const } : {}),
      tags: () => (kind === 'value-tag' ? ['other'] : ['tag', 'other']),
      // Half of what it names it has not named before.
      ...(kind === 'value-tag' ? { valueTags: (loaded: number) => ['tag', `version ${loaded}`] } : {}),
    }
    if (mode === 'many') {
      const loadMany = async (inputs: readonly number[]) => {
        const loaded = await load()
        return inputs.map(() => loaded)
      }
      const values = cache.define({ ...options, input: z.number(), loadMany })
      const read = () => values.getMany([0, 1])
      return { cache, read, remove: () => Promise.all([values.delete(0), values.delete(1)]) }
    }
    const value = cache.define({ ...options, load })
    return { cache, read: () => Promise.all([value.get()]), remove: () => value.delete() }
  }
  const reader = async ({ read }: ReturnType<typeof connect>) => {
    for (let turn = 0; turn < 3; turn += 1) {
      const atLeast = committedAndInvalidated
      for (const { value } of await read()) expect(value).toBeGreaterThanOrEqual(atLeast)
      await scheduler.schedule(Promise.resolve(), 'next read')
    }
  }
  const writer = async ({ cache, remove }: ReturnType<typeof connect>) => {
    for (let turn = 0; turn < 2; turn += 1) {
      await scheduler.schedule(Promise.resolve(), 'next write')
      database += 1
      const committed = database
      await (kind === 'key' ? remove() : cache.invalidate(['tag']))
      committedAndInvalidated = Math.max(committedAndInvalidated, committed)
    }
  }
  const adversary = async () => {
    for (let turn = 0; turn < evictions; turn += 1) {
      await scheduler.schedule(Promise.resolve(), 'evict')
      const keys = [...touched]
      await real.remove(keys.filter((_, index) => index % evictions === turn % Math.max(1, keys.length)))
    }
  }
  const [first, second, third] = [connect(), connect(), connect()]
  const others =
    mode === 'local' ? [reader(second), writer(second)] : [reader(first), reader(first), writer(third), writer(second)]
  const all = Promise.all([reader(second), ...others, adversary()])
  await scheduler.waitFor(all)
  for (const cache of caches) cache.close()
}

const modes: readonly Mode[] = ['plain', 'refresh', 'many', 'local']
const cases = modes.flatMap((mode) =>
  (['tag', 'value-tag', 'key'] as const).flatMap((kind) => [0, 3].map((evictions) => ({ mode, kind, evictions }))),
)

test.each(cases)(
  'an invalidation by $kind holds in every order: $mode, $evictions evictions',
  async ({ mode, kind, evictions }) => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), (scheduler) => run(scheduler, kind, evictions, mode)),
      { numRuns: 600 },
    )
  },
)

/** A process stamps a plain entry, computes its value and stores it, twice; another reads it; a third commits and invalidates; an adversary evicts keys. */
async function runStamped(scheduler: Scheduler, kind: 'tag' | 'key', evictions: number): Promise<void> {
  const clock = scheduledClock(scheduler)
  const touched = new Set<StoreKey>()
  const real = memory({ clock })
  const store = interleaved(real, scheduler, touched)
  let database = 0
  let committedAndInvalidated = 0
  const caches = [1, 2, 3].map(() => createCache({ store, namespace: 'race', clock, deadline: '60s' }))
  const [setter, reader, writer] = caches
  if (!setter || !reader || !writer) throw new TypeError('three caches were created')
  const keyOf = (cache: Cache) => cache.key('value').withTags('tag')
  const set = async () => {
    for (let turn = 0; turn < 2; turn += 1) {
      const stamp = await setter.stamp(keyOf(setter))
      const computed = database
      await scheduler.schedule(Promise.resolve(), 'computed')
      await setter.set(keyOf(setter), computed, { ttl: '5m', stamp })
    }
  }
  const read = async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      const atLeast = committedAndInvalidated
      const found = await reader.get(keyOf(reader))
      if (found.status === 'hit') expect(found.value).toBeGreaterThanOrEqual(atLeast)
      await scheduler.schedule(Promise.resolve(), 'next read')
    }
  }
  const write = async () => {
    for (let pause = 0; pause < 3; pause += 1) await scheduler.schedule(Promise.resolve(), 'next write')
    database += 1
    await (kind === 'tag' ? writer.invalidate(['tag']) : writer.delete(keyOf(writer)))
    committedAndInvalidated = database
  }
  const evict = async () => {
    for (let turn = 0; turn < evictions; turn += 1) {
      await scheduler.schedule(Promise.resolve(), 'evict')
      await real.remove([...touched].slice(turn, turn + 2))
    }
  }
  await scheduler.waitFor(Promise.all([set(), read(), write(), evict()]))
  for (const cache of caches) cache.close()
}

test.each([
  ['tag', 0],
  ['tag', 3],
  ['key', 0],
  ['key', 3],
] as const)(
  'an invalidation by %s holds against a stamped set in every order, %i evictions',
  async (kind, evictions) => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), (scheduler) => runStamped(scheduler, kind, evictions)),
      { numRuns: 600 },
    )
  },
)
