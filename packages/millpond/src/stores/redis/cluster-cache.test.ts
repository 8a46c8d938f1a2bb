import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createCache } from '../../cache/cache.ts'
import { StoreUnavailableError } from '../../errors.ts'
import type { StoreKey } from '../../key.ts'
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

test('withClusterCache() reads each key of a tick once, with one call for each slot', async () => {
  const { cache, value, read } = setUp()
  const ids = ['even 1', 'odd 1', 'even 2', 'odd 2']
  await value.getMany(ids)
  read.mockClear()
  await Promise.all([value.getMany(ids), value.get('even 1'), value.get('odd 3')])
  expect(read.mock.calls.map(([keys]) => keys.length).sort()).toEqual([2, 3])
  cache.close()
})
