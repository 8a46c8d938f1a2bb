import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { runOpenLoop } from './open-loop.ts'

test('runOpenLoop() counts a stall for everyone who was due meanwhile', async () => {
  // One at a time, as on one connection; the first answer takes 300 ms. Of 100 that are due within 100 ms, all wait for it.
  let last: Promise<unknown> = Promise.resolve()
  const run = (index: number) => {
    last = last.then(() => (index === 0 ? sleep(300) : undefined))
    return last
  }
  const arrivals = await runOpenLoop({ name: 'stalls', run }, { perSecond: 1_000, durationMs: 100 })
  expect(arrivals.arrived).toBe(100)
  // A closed loop would have met the stall once, and called 99 of 100 fast.
  expect(arrivals.p50Ms).toBeGreaterThan(150)
})

test('runOpenLoop() counts failures, and calls the unanswered as late as it waited', async () => {
  const run = (index: number) => (index < 2 ? Promise.reject(new TypeError('no')) : new Promise(() => undefined))
  const arrivals = await runOpenLoop({ name: 'hangs', run }, { perSecond: 1_000, durationMs: 10, drainMs: 20 })
  expect(arrivals).toMatchObject({ arrived: 10, failed: 2, unanswered: 8, maxMs: 20 })
})
