import { expect, test } from 'vitest'
import { StoreUnavailableError } from '../errors.ts'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import type { LimitCounters, LimitEvent } from './limit-event.ts'
import { createLimiter } from './limiter.ts'
import { slidingWindow } from './policy.ts'

function setUp(away = { take: false }) {
  const clock = createFakeClock()
  const store = memory({ clock })
  const events: LimitEvent[] = []
  const limiter = createLimiter({
    store: {
      ...store,
      take: (checks) => (away.take ? Promise.reject(new StoreUnavailableError('away')) : store.take(checks)),
    },
    clock,
    reporter: (event) => void events.push(event),
    policies: {
      wide: slidingWindow({ limit: 9, window: '60s', onUnavailable: 'open' }),
      narrow: slidingWindow({ limit: 1, window: '60s', onUnavailable: 'closed' }),
      tried: slidingWindow({ limit: 1, window: '60s', shadow: true, onUnavailable: 'open' }),
    },
  })
  return { limiter, events, away }
}

const NONE: LimitCounters = {
  allowed: 0,
  refused: 0,
  withheld: 0,
  'shadow-refused': 0,
  'degraded-allowed': 0,
  'degraded-refused': 0,
  remembered: 0,
}

test('the reporter hears of each policy what a take came to, and no key', async () => {
  const { limiter, events } = setUp()
  const all = [
    { policy: 'wide', key: 'alice@example.org', cost: 2 },
    { policy: 'narrow', key: 'alice@example.org' },
    { policy: 'tried', key: 'alice@example.org' },
  ] as const
  await limiter.take(all)
  const base = { type: 'take', cost: 1, remembered: false }
  expect(events.splice(0)).toEqual([
    { ...base, policy: 'wide', outcome: 'allowed', cost: 2, limit: 9, remaining: 7 },
    { ...base, policy: 'narrow', outcome: 'allowed', limit: 1, remaining: 0 },
    { ...base, policy: 'tried', outcome: 'allowed', limit: 1, remaining: 0 },
  ])
  await limiter.take(all)
  expect(events).toEqual([
    { ...base, policy: 'wide', outcome: 'withheld', cost: 2, limit: 9, remaining: 7 },
    { ...base, policy: 'narrow', outcome: 'refused', limit: 1, remaining: 0 },
    { ...base, policy: 'tried', outcome: 'shadow-refused', limit: 1, remaining: 0 },
  ])
  await limiter.take(all)
  expect(events.slice(3).map((event) => event.type === 'take' && event.remembered)).toEqual([true, true, true])
  expect(JSON.stringify(events)).not.toContain('alice')
})

test('counters() has the totals by policy', async () => {
  const { limiter } = setUp()
  for (let turn = 0; turn < 3; turn += 1) await limiter.limit('narrow', 'a')
  await limiter.peek({ policy: 'narrow', key: 'a' })
  expect(limiter.counters()).toEqual({
    wide: NONE,
    narrow: { ...NONE, allowed: 1, refused: 2, remembered: 1 },
    tried: NONE,
  })
})

test('an outage is told with its cause, and counted by what was decided', async () => {
  const { limiter, events } = setUp({ take: true })
  await limiter.limit('wide', 'a')
  await limiter.limit('narrow', 'a')
  expect(limiter.counters()).toMatchObject({ wide: { 'degraded-allowed': 1 }, narrow: { 'degraded-refused': 1 } })
  expect(events.slice(0, 2)).toEqual([
    { type: 'store-error', operation: 'take', error: expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE' }) },
    {
      type: 'take',
      policy: 'wide',
      outcome: 'degraded-allowed',
      cost: 1,
      limit: undefined,
      remaining: undefined,
      remembered: false,
    },
  ])
})
