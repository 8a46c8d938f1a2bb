import { describe, expect, test, vi } from 'vitest'
import { createManualLoader } from '../../test/manual-loader.ts'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createCache } from './cache.ts'

function setUp() {
  const clock = createFakeClock()
  const store = memory({ clock })
  const cache = createCache({ store, namespace: 'test', clock })
  return { clock, store, cache }
}

describe('get()', () => {
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
})
