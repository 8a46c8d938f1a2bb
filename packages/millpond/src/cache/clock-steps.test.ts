import { expect, test } from 'vitest'
import { StoreUnavailableError } from '../errors.ts'
import { memory, type Store } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import type { Clock } from '../time/clock.ts'
import { createCache } from './cache.ts'

const HOUR_MS = 3_600_000

/** A store that can be away, and a process whose clock can be set without time passing. */
function setUp() {
  const time = createFakeClock()
  const shared = memory({ clock: time })
  let away = false
  let step = 0
  const clock: Clock = { now: () => time.now() + step, monotonic: time.now, after: time.after }
  const reach = <Args extends readonly unknown[], Result>(call: (...args: Args) => Promise<Result>) => {
    return (...args: Args) => (away ? Promise.reject(new StoreUnavailableError('away')) : call(...args))
  }
  const store: Store = { ...shared, read: reach(shared.read), renew: reach(shared.renew) }
  return {
    time,
    cache: createCache({ store, namespace: 'test', clock, random: () => 0.5 }),
    other: createCache({ store: shared, namespace: 'test', clock: time, random: () => 0.5 }),
    setAway: (now: boolean) => {
      away = now
    },
    setClockBy: (ms: number) => {
      step += ms
    },
  }
}

test.each([-HOUR_MS, 0, HOUR_MS])(
  'a store that is back is asked again within its second, whatever the clock was set by: %d ms',
  async (ms) => {
    const { time, cache, setAway, setClockBy } = setUp()
    const value = cache.define({ name: 'value', ttl: '1d', load: () => 1 })
    setAway(true)
    for (let read = 0; read < 6; read += 1) await value.get()
    setClockBy(ms)
    setAway(false)
    expect((await value.get()).reason).toBe('store-failed')
    await time.advance(1_000)
    expect((await value.get()).reason).toBe('absent')
  },
)

test('get() waits for a load elsewhere, and does not take over its lease, when the clock is set forward', async () => {
  const { time, cache, other, setClockBy } = setUp()
  let loads = 0
  let finish = () => {}
  const load = async () => {
    loads += 1
    await new Promise<void>((resolve) => {
      finish = resolve
    })
    return loads
  }
  const first = other.define({ name: 'value', ttl: '1h', load }).get()
  await time.advance(0)
  const second = cache.define({ name: 'value', ttl: '3h', load }).get()
  await time.advance(500)
  setClockBy(30_000)
  await time.advance(500)
  expect(loads).toBe(1)
  finish()
  await time.advance(500)
  expect([(await first).value, (await second).value]).toEqual([1, 1])
})

test.each([
  [
    'the clock is set forward by ten hours',
    async ({ setClockBy }: ReturnType<typeof setUp>) => setClockBy(10 * HOUR_MS),
  ],
  ['ten hours pass', ({ time }: ReturnType<typeof setUp>) => time.set(time.now() + 10 * HOUR_MS)],
])(
  'an invalidation waits for the store as long as an entry of another process may live, also when %s',
  async (_, wait) => {
    const parts = setUp()
    const { time, cache, other, setAway } = parts
    let loads = 0
    const load = () => {
      loads += 1
      return loads
    }
    const value = other.define({ name: 'value', ttl: '1d', tags: () => ['values'], load })
    await value.get()
    // This process defines nothing: it only writes, and cannot know how long the entries of the others live.
    setAway(true)
    expect(await cache.invalidate(['values'])).toEqual({ delivered: false })
    await wait(parts)
    setAway(false)
    await time.advance(3_000)
    expect(await value.get()).toMatchObject({ status: 'miss', value: 2 })
  },
)

test('what another process stored by a clock that is ahead is of no age, and of no longer TTL', async () => {
  const { cache, other, setClockBy } = setUp()
  const [there, here] = [other, cache].map((one) => one.define({ name: 'value', ttl: '1d', load: () => 1 }))
  const ttlMs = (await there?.get())?.ttlMs
  await other.set(other.key('plain'), 1, { ttl: '1d' })
  setClockBy(-HOUR_MS)
  expect(await here?.get()).toMatchObject({ status: 'hit', ageMs: 0, ttlMs })
  expect(await cache.get(cache.key('plain'))).toMatchObject({ status: 'hit', ageMs: 0, ttlMs: 24 * HOUR_MS })
})
