import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createCache } from '../../cache/cache.ts'
import { StoreUnavailableError } from '../../errors.ts'
import type { StoreKey } from '../../key.ts'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { memory } from '../memory/index.ts'
import { withClusterCache } from './cluster-cache.ts'

/** A cluster of two masters: one has the keys with "odd" in them, the other the rest. */
function setUp() {
  const shared = memory()
  let isOddAway = false
  const read = vi.fn(async (keys: readonly StoreKey[]) => {
    if (isOddAway && keys.some((key) => key.includes('odd'))) throw new StoreUnavailableError('away')
    return shared.read(keys)
  })
  const slotOf = (key: string) => (key.includes('odd') ? 1 : 0)
  const one = { ...shared, read, atTickEnd: (run: () => void) => void setImmediate(run) }
  const cache = createCache({
    store: { kind: 'redis', ...withClusterCache(one, { slotOf, masters: async () => [] }) },
    namespace: 'test',
  })
  const value = cache.define({ name: 'value', ttl: '5m', input: z.string(), load: (id) => id })
  return {
    read,
    value,
    cache,
    stopOdd: () => {
      isOddAway = true
    },
  }
}

test('withClusterCache() lets a master that is away fail what asks for its keys, and nothing else of the tick', async () => {
  const { cache, value, stopOdd } = setUp()
  const ids = ['even 1', 'odd 1', 'even 2', 'odd 2']
  const ask = async () => (await value.getMany(ids)).map(({ status, reason }) => `${status} ${reason}`)
  await ask()
  expect(await ask()).toEqual(['hit fresh', 'hit fresh', 'hit fresh', 'hit fresh'])
  stopOdd()
  for (let tick = 0; tick < 8; tick += 1) {
    expect(await ask()).toEqual(['hit fresh', 'bypass store-failed', 'hit fresh', 'bypass store-failed'])
  }
  cache.close()
})

test.each([
  ['by its address', { nodeOf: (slot: number) => `127.0.0.1:${slot % 2}` }, 5],
  ['slot by slot where the client does not say', undefined, 10],
])(
  'withClusterCache() leaves a master that does not answer alone while the others do, %s',
  async (_, nodeOf, calls) => {
    const clock = createFakeClock()
    const shared = memory({ clock })
    let away = true
    const asked: string[] = []
    const read = async (keys: readonly StoreKey[]) => {
      if (!keys.some((key) => key.includes('odd'))) return shared.read(keys)
      asked.push(...keys)
      return away ? new Promise<never>(() => {}) : shared.read(keys)
    }
    const slotOf = (key: string) => (key.includes('odd-1') ? 1 : key.includes('odd-3') ? 3 : 0)
    const one = { ...shared, read, atTickEnd: (run: () => void) => void setImmediate(run) }
    const store = { kind: 'redis', ...withClusterCache(one, { slotOf, ...nodeOf, masters: async () => [] }) }
    const cache = createCache({ store, namespace: 'test', clock })
    const value = cache.define({ name: 'value', ttl: '5m', input: z.string(), load: (id) => id })
    for (let turn = 0; turn < 20; turn += 1) {
      const reads = ['even', `odd-${turn % 2 === 0 ? 1 : 3}`].map((id) => value.get(id))
      // While the deadline of a wait is not over, none is left.
      await clock.advance(turn < calls ? 150 : 0)
      expect((await Promise.all(reads)).map(({ reason }) => reason)).toEqual([
        turn === 0 ? 'absent' : 'fresh',
        'store-failed',
      ])
    }
    expect(asked.length).toBe(calls)
    away = false
    await clock.advance(1_000)
    for (const status of ['miss', 'hit']) expect((await value.get('odd-1')).status).toBe(status)
    cache.close()
  },
)

test('withClusterCache() reads each key of a tick once, with one call for each slot', async () => {
  const { cache, value, read } = setUp()
  const ids = ['even 1', 'odd 1', 'even 2', 'odd 2']
  await value.getMany(ids)
  read.mockClear()
  await Promise.all([value.getMany(ids), value.get('even 1'), value.get('odd 3')])
  expect(read.mock.calls.map(([keys]) => keys.length).sort()).toEqual([2, 3])
  cache.close()
})

/** A store whose answers take a while, that notes when each call begins and ends. */
function slow() {
  const events: string[] = []
  const noted = async (tags: readonly StoreKey[]) => {
    events.push(`> ${tags.join(' ')}`)
    await new Promise(setImmediate)
    events.push(`< ${tags.join(' ')}`)
    return tags.map(() => 'v')
  }
  const one = { ...memory(), versions: noted, renew: async (tags: readonly StoreKey[]) => void (await noted(tags)) }
  const slotOf = (key: string) => key.charCodeAt(0)
  return { events, store: withClusterCache(one, { slotOf, masters: async () => [] }) }
}

const toKeys = (...keys: string[]) => keys as StoreKey[]

test('withClusterCache() renews the first tag before any other, whatever their slots', async () => {
  const { events, store } = slow()
  await store.renew(toKeys('e', 'a', 'b', 'e2'), 'n', 1_000)
  expect(events.slice(0, 2)).toEqual(['> e', '< e'])
  expect(events.slice(2).toSorted()).toEqual(['< a', '< b', '< e2', '> a', '> b', '> e2'])
})

test('withClusterCache() reads the version of the last tag after all others, whatever their slots', async () => {
  const { events, store } = slow()
  await store.versions(toKeys('e2', 'a', 'b', 'e'), 'n', 1_000)
  expect(events.slice(-2)).toEqual(['> e', '< e'])
  expect(events.slice(0, -2).toSorted()).toEqual(['< a', '< b', '< e2', '> a', '> b', '> e2'])
})
