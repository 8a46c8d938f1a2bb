import { expect, test, vi } from 'vitest'
import { StoreUnavailableError } from '../errors.ts'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createCache } from './cache.ts'

/** A cache whose client can be away for a while, and another whose client is always there. */
function setUp() {
  const clock = createFakeClock()
  const base = memory({ clock })
  const line = { away: false }
  const store = new Proxy(base, {
    get(target, name: keyof typeof base) {
      const method = target[name]
      if (typeof method !== 'function') return method
      return (...args: never[]) =>
        line.away
          ? Promise.reject(new StoreUnavailableError('away'))
          : (method as (...args: never[]) => unknown)(...args)
    },
  })
  const [cache, other] = [store, base].map((store) => createCache({ store, namespace: 'test', clock }))
  if (!cache || !other) throw new TypeError('two caches')
  return { clock, line, cache, other }
}

const untilAborted = (_: undefined, { signal }: { signal: AbortSignal }) =>
  new Promise<string>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

test('close() resolves when the leases of the loads that it ended are given back, so that nobody waits for them once the client is gone', async () => {
  const { line, cache, other } = setUp()
  const load = vi.fn(untilAborted)
  const read = cache.define({ name: 'page', ttl: '5m', load }).get()
  const ended = expect(read).rejects.toThrow('aborted')
  await vi.waitFor(() => expect(load).toHaveBeenCalled())
  expect(await cache.close()).toEqual({ delivered: true })
  line.away = true
  await ended
  expect(await other.define({ name: 'page', ttl: '5m', load: () => 'anew' }).get()).toMatchObject({
    value: 'anew',
    status: 'miss',
  })
  expect(other.counters().waits).toBe(0)
})

test('close() waits for a load that does not heed its signal no longer than for the store', async () => {
  const { clock, cache } = setUp()
  const load = vi.fn(() => new Promise<string>(() => {}))
  void cache.define({ name: 'page', ttl: '5m', load }).get()
  await vi.waitFor(() => expect(load).toHaveBeenCalled())
  const closed = cache.close()
  await clock.advance(150)
  expect(await closed).toEqual({ delivered: true })
})

test('close() delivers what is undelivered, however much that is', async () => {
  const { line, cache, other } = setUp()
  const page = { name: 'page', ttl: '5m', tags: () => ['tag 1'], load: () => 'old' } as const
  await cache.define(page).get()
  const late = other.define({ ...page, load: () => 'new' })
  line.away = true
  const tags = Array.from({ length: 1_200 }, (_, index) => `tag ${1_200 - index}`)
  expect(await cache.invalidate(tags)).toEqual({ delivered: false })
  line.away = false
  expect((await late.get()).value).toBe('old')
  expect(await cache.close()).toEqual({ delivered: true })
  expect((await late.get()).value).toBe('new')
})

test('close() tells of what it could not deliver, then and when it is called again', async () => {
  const { line, cache, other } = setUp()
  const page = { name: 'page', ttl: '5m', load: () => 'value' } as const
  const mine = cache.define(page)
  await mine.get()
  line.away = true
  expect(await mine.delete()).toEqual({ delivered: false })
  expect(await cache.close()).toEqual({ delivered: false })
  line.away = false
  expect(await mine.get()).toMatchObject({ status: 'bypass', reason: 'invalidation-pending' })
  expect(await cache.close()).toEqual({ delivered: true })
  expect((await other.define(page).get()).status).toBe('miss')
})
