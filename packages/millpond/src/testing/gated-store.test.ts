import { expect, test } from 'vitest'
import { createCache } from '../cache/cache.ts'
import type { CacheStore } from '../cache/cache-store.ts'
import type { StoreKey } from '../key.ts'
import { memory } from '../stores/memory/index.ts'
import { replayOrder } from './explore-orders.ts'
import { gateClock, gateStore } from './gated-store.ts'
import type { Scenario } from './run-order.ts'
import type { Stage } from './stage.ts'

/** Two processes that read one value. */
const scenario: Scenario = (stage) => {
  const store = memory()
  const connect = (actor: string, process?: string) => {
    const clock = gateClock(stage, actor, { wakes: ['mp:test:e{value:=}'], stepMs: 0 })
    const gated = gateStore(stage, actor, store, process === undefined ? {} : { process })
    const cache = createCache({ store: gated, namespace: 'test', clock, deadline: '60s' })
    return cache.define({ name: 'value', ttl: '1h', load: () => stage.step(`${actor} loads`, () => 1) })
  }
  const [alice, bob] = [connect('alice'), connect('bob', 'b')]
  return { actors: { alice: async () => void (await alice.get()), bob: async () => void (await bob.get()) } }
}

test('gateStore() makes each call a step, and its reply another where the process does more', async () => {
  expect(await replayOrder(scenario, [])).toEqual([
    ...['alice read', 'bob read', 'alice lease', 'bob read answered', 'alice loads', 'bob lease', 'alice fill'],
    ...['bob lease answered', 'bob pauses', 'bob read 2', 'bob read answered 2'],
  ])
})

test('gateClock() lets a reader that waits look again when what it waits for is written, or nothing else is left', async () => {
  const early = ['alice read', 'alice lease', 'bob read', 'bob read answered', 'bob lease', 'bob lease answered']
  await expect(replayOrder(scenario, [...early, 'bob pauses'])).rejects.toThrow(
    '"bob pauses" must come next, but only "alice loads" may',
  )
  const waiting = await replayOrder(scenario, [...early, 'alice loads', 'alice fill', 'bob pauses'])
  expect(waiting.slice(-2)).toEqual(['bob read 2', 'bob read answered 2'])
})

test('gateStore() says of each call what it touches: without, orders that matter would be left out', async () => {
  const steps: unknown[] = []
  const stage: Stage = {
    async step(label, run, touches) {
      steps.push([label, touches])
      return run()
    },
    pause: () => Promise.resolve(),
  }
  const [entry, lease, tag] = ['entry', 'lease', 'tag'] as unknown as [StoreKey, StoreKey, StoreKey]
  const call = async (store: CacheStore) => {
    const times = { leaseMs: 1_000, tagTtlMs: 60_000, nonce: 'nonce', takeOver: false, seen: undefined } as const
    await store.lease({ entry, lease, token: 'token', tags: [tag], ...times })
    expect(await store.fill({ entry, lease, token: 'token', text: 'text', ttlMs: 60_000 })).toBe(true)
    await store.release(lease, 'token')
    expect(await store.versions([tag], 'other', 60_000)).toEqual(['nonce'])
    await store.renew([tag], 'newer', 60_000)
    expect(await store.read([entry, tag])).toEqual(['text', 'newer'])
    await store.remove([entry])
    expect(await store.read([entry])).toEqual([null])
  }
  await call(gateStore(stage, 'alice', memory()))
  const touched = [
    ['alice lease', { reads: [entry], writes: [lease, tag] }],
    ['alice fill', { writes: [entry, lease] }],
    ['alice release', { writes: [lease] }],
    ['alice versions', { writes: [tag] }],
    ['alice renew', { writes: [tag] }],
    ['alice read', { reads: [entry, tag] }],
    ['alice remove', { writes: [entry] }],
    ['alice read', { reads: [entry] }],
  ] as const
  expect(steps.splice(0)).toEqual(touched)
  await call(gateStore(stage, 'alice', memory(), { process: 'a' }))
  expect(steps).toEqual(
    touched.flatMap(([label, touches]) => [
      [label, touches],
      [`${label} answered`, { writes: ['process a'] }],
    ]),
  )
})

test('gateClock() passes as it is looked at, and pauses for what is short and not cancelled', async () => {
  const pauses: unknown[] = []
  const stage: Stage = {
    step: async (_, run) => run(),
    async pause(label, touches) {
      pauses.push([label, touches])
    },
  }
  const fired: string[] = []
  const clock = gateClock(stage, 'alice', { wakes: ['entry'], process: 'a' })
  const start = Date.UTC(2026, 0, 1)
  expect([clock.now(), clock.now()]).toEqual([start + 1, start + 2])
  expect(gateClock(stage, 'bob', { wakes: [], now: 5, stepMs: 10 }).now()).toBe(15)
  clock.after(1_000, () => fired.push('short'))
  clock.after(1_001, () => fired.push('long'))
  clock.after(1, () => fired.push('cancelled'))()
  await new Promise((resolve) => setImmediate(resolve))
  expect(fired).toEqual(['short'])
  const pause = ['alice pauses', { reads: ['entry'], writes: ['process a'] }]
  expect(pauses).toEqual([pause, pause])
})

test('gateStore() passes on what the store fails with', async () => {
  const failing: Scenario = (stage) => {
    const store = gateStore(
      stage,
      'alice',
      { ...memory(), read: () => Promise.reject(new TypeError('away')) },
      { process: 'a' },
    )
    return { actors: { alice: async () => void (await store.read([])) } }
  }
  await expect(replayOrder(failing, [])).rejects.toThrow(
    'alice failed: away\n  "alice read",\n  "alice read answered",',
  )
})
