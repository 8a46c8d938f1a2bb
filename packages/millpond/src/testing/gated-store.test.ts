import { expect, test } from 'vitest'
import { createCache } from '../cache/cache.ts'
import { memory } from '../stores/memory/index.ts'
import { replayOrder } from './explore-orders.ts'
import { gateClock, gateStore } from './gated-store.ts'
import type { Scenario } from './run-order.ts'

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
