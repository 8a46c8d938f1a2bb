import { describe, expect, test, vi } from 'vitest'
import { createCache } from '../cache/cache.ts'
import type { Decision } from '../limit/decision.ts'
import { blocksOf } from '../limit/lease.ts'
import { createLimiter } from '../limit/limiter.ts'
import { slidingWindow } from '../limit/policy.ts'
import { memory, type Store } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { guard } from './guard.ts'

test('guard() answers within the limit with its headers, and calls nothing behind it when it refuses', async () => {
  const clock = createFakeClock()
  const policies = { reads: slidingWindow({ limit: 1, window: '60s', onUnavailable: 'closed' }) }
  const limiter = createLimiter({ store: memory({ clock }), clock, policies })
  const answer = vi.fn(() => new Response('body', { status: 201, headers: { RateLimit: 'own' } }))
  const limits = () => limiter.limit('reads', 'a')
  const allowed = await guard({ limits, answer })
  expect([allowed.status, await allowed.text(), allowed.headers.get('ratelimit')]).toEqual([201, 'body', 'own'])
  expect(allowed.headers.get('x-ratelimit-remaining')).toBe('0')
  const refused = await guard({ limits, answer })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60'])
  expect(answer).toHaveBeenCalledTimes(1)
})

test('guard() waits for an answer that takes time', async () => {
  const policies = { reads: slidingWindow({ limit: 1, window: '60s', onUnavailable: 'closed' }) }
  const limiter = createLimiter({ store: memory(), policies })
  const answer = async ({ status }: Decision) => new Response(status)
  const response = await guard({ limits: () => limiter.limit('reads', 'a'), answer })
  expect([await response.text(), response.headers.get('x-ratelimit-remaining')]).toEqual(['allowed', '0'])
})

describe('guard() with a read', () => {
  function setUp() {
    const clock = createFakeClock()
    const memoryStore = memory({ clock })
    const read = vi.fn(memoryStore.read)
    // As from a server, an answer comes when the tick is over.
    const take: Store['take'] = async (checks) => {
      await new Promise((resolve) => setImmediate(resolve))
      return memoryStore.take(checks)
    }
    const store = { ...memoryStore, read, take }
    const load = vi.fn(() => 'value')
    const definition = createCache({ store, namespace: 'test', clock }).define({ name: 'one', ttl: '1m', load })
    const policies = { reads: slidingWindow({ limit: 1, window: '60s', onUnavailable: 'closed' }) }
    const limiter = createLimiter({ store, clock, policies })
    return { clock, limiter, definition, load, read }
  }

  test('answers with what was read or loaded', async () => {
    const { limiter, definition } = setUp()
    const response = await guard({
      limits: () => limiter.limit('reads', 'a'),
      read: () => definition.peek(),
      answer: ({ value, status }) => new Response(`${value} ${status}`),
    })
    expect([response.status, await response.text()]).toEqual([200, 'value miss'])
    expect(response.headers.get('x-ratelimit-remaining')).toBe('0')
  })

  test('loads nothing when it refuses, and does not even look when the refusal is remembered', async () => {
    const { limiter, definition, load, read } = setUp()
    await limiter.limit('reads', 'a')
    const ask = () =>
      guard({
        limits: () => limiter.limit('reads', 'a'),
        read: () => definition.peek(),
        answer: () => new Response('never'),
      })
    expect((await ask()).status).toBe(429)
    const looks = read.mock.calls.length
    expect((await ask()).status).toBe(429)
    expect([load.mock.calls.length, read.mock.calls.length]).toEqual([0, looks])
  })

  test('looks into the cache once, before the limits have answered', async () => {
    const { limiter, definition } = setUp()
    const events: string[] = []
    await guard({
      async limits() {
        events.push('asked')
        const decision = await limiter.limit('reads', 'a')
        events.push('decided')
        return decision
      },
      read() {
        events.push('looked')
        return definition.peek()
      },
      answer: () => new Response('body'),
    })
    expect(events).toEqual(['asked', 'looked', 'decided'])
  })

  test('waits for an answer that takes time', async () => {
    const { limiter, definition } = setUp()
    const response = await guard({
      limits: () => limiter.limit('reads', 'a'),
      read: () => definition.peek(),
      answer: async ({ value }, { status }) => new Response(`${value} ${status}`),
    })
    expect([await response.text(), response.headers.get('x-ratelimit-remaining')]).toEqual(['value allowed', '0'])
  })

  const fail = () => {
    throw new TypeError('wrong input')
  }
  test.each([
    ['rejects', async () => fail()],
    ['throws', fail],
  ])(
    'throws the failure of a read that was allowed and %s, and keeps that of a refused one to itself',
    async (_, read) => {
      const { limiter } = setUp()
      const ask = () => guard({ limits: () => limiter.limit('reads', 'a'), read, answer: () => new Response('never') })
      await expect(ask()).rejects.toThrow('wrong input')
      expect((await ask()).status).toBe(429)
    },
  )

  test.each([
    [{ lease: 10, local: '1m' }, [2, 1]],
    [{ lease: 10, local: '0s' }, [2, 21]],
    [{ lease: undefined, local: '1m' }, [20, 1]],
  ] as const)('with %j asks the store %j times for 20 hits, the limits first', async ({ lease, local }, asked) => {
    const clock = createFakeClock()
    const memoryStore = memory({ clock })
    const [read, take] = [vi.fn(memoryStore.read), vi.fn(memoryStore.take)]
    const store = { ...memoryStore, read, take }
    const definition = createCache({ store, namespace: 'test', clock }).define({
      name: 'one',
      ttl: '1m',
      ...(local !== '0s' && { local }),
      load: () => 'value',
    })
    const policies = {
      all: slidingWindow({
        limit: 600,
        window: '60s',
        onUnavailable: 'local',
        ...(lease && { lease: blocksOf(lease) }),
      }),
    }
    const limiter = createLimiter({ store, clock, policies })
    await definition.get()
    const statuses: string[] = []
    for (let turn = 0; turn < 20; turn += 1) {
      await guard({
        limits: () => limiter.limit('all', 'everyone'),
        read: () => definition.peek(),
        answer: ({ status }) => {
          statuses.push(status)
          return new Response(null, { status: 204 })
        },
      })
    }
    expect(statuses).toEqual(Array.from({ length: 20 }, () => 'hit'))
    expect([take.mock.calls.length, read.mock.calls.length]).toEqual(asked)
  })
})
