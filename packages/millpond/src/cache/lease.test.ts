import { describe, expect, test, vi } from 'vitest'
import { createManualLoader } from '../../test/manual-loader.ts'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { type CacheOptions, createCache } from './cache.ts'

function setUp(options: Partial<CacheOptions> = {}) {
  const clock = createFakeClock()
  const store = memory({ clock })
  const cache = createCache({ store, namespace: 'test', clock, ...options })
  return { clock, store, cache }
}

describe('get()', () => {
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
