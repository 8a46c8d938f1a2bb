import { describe, expect, test, vi } from 'vitest'
import { createCache } from '../cache/cache.ts'
import { createLimiter } from '../limit/limiter.ts'
import { slidingWindow } from '../limit/policy.ts'
import { memory } from '../stores/memory/index.ts'
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

describe('guard() with a read', () => {
  function setUp() {
    const clock = createFakeClock()
    const memoryStore = memory({ clock })
    const read = vi.fn(memoryStore.read)
    const store = { ...memoryStore, read }
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

  test('throws the failure of a read that was allowed, and keeps that of a refused one to itself', async () => {
    const { limiter } = setUp()
    const ask = () =>
      guard({
        limits: () => limiter.limit('reads', 'a'),
        read: () => Promise.reject(new TypeError('wrong input')),
        answer: () => new Response('never'),
      })
    await expect(ask()).rejects.toThrow('wrong input')
    expect((await ask()).status).toBe(429)
  })
})
