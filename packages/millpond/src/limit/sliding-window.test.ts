import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type SlidingWindowState, slidingWindowStep } from './sliding-window.ts'

const rule = { limit: 3, windowMs: 100, cost: 1 }

test('slidingWindowStep() admits the limit, then again when the oldest unit leaves the window', () => {
  let state: SlidingWindowState = []
  const take = (now: number) => {
    const [next, verdict] = slidingWindowStep(state, now, rule)
    state = next
    return verdict
  }
  expect(take(0)).toMatchObject({ allowed: true, remaining: 2, resetMs: 100, retryAfterMs: 0 })
  expect(take(40)).toMatchObject({ allowed: true, remaining: 1, resetMs: 100, retryAfterMs: 0 })
  expect(take(70)).toMatchObject({ allowed: true, remaining: 0, resetMs: 100, retryAfterMs: 0 })
  expect(take(99)).toEqual({ allowed: false, remaining: 0, resetMs: 71, retryAfterMs: 1 })
  expect(take(100)).toMatchObject({ allowed: true, remaining: 0, resetMs: 100, retryAfterMs: 0 })
  expect(state).toEqual([40, 70, 100])
})

test('slidingWindowStep() changes nothing when it refuses', () => {
  const state = [0, 0, 0]
  expect(slidingWindowStep(state, 50, rule)[0]).toBe(state)
})

test('slidingWindowStep() says that a cost above the limit never passes', () => {
  expect(slidingWindowStep([], 0, { ...rule, cost: 4 })[1].retryAfterMs).toBe(Number.POSITIVE_INFINITY)
})

const schedule = fc.array(fc.record({ gap: fc.integer({ min: -30, max: 60 }), cost: fc.integer({ min: 1, max: 4 }) }), {
  maxLength: 60,
})
const limits = fc.record({ limit: fc.integer({ min: 1, max: 6 }), windowMs: fc.integer({ min: 1, max: 120 }) })

test('slidingWindowStep() never admits more than the limit in any window, also when time steps back', () => {
  fc.assert(
    fc.property(schedule, limits, (takes, { limit, windowMs }) => {
      let state: SlidingWindowState = []
      let now = 1_000
      const admitted: number[] = []
      for (const { gap, cost } of takes) {
        now += gap
        const [next, verdict] = slidingWindowStep(state, now, { limit, windowMs, cost })
        if (verdict.allowed) admitted.push(...Array<number>(cost).fill(next.at(-1) ?? now))
        state = next
      }
      for (const start of admitted) {
        expect(admitted.filter((moment) => moment >= start && moment < start + windowMs).length).toBeLessThanOrEqual(
          limit,
        )
      }
    }),
  )
})

test('slidingWindowStep() tells the truth: the same cost passes after retryAfterMs, and not 1 ms earlier', () => {
  fc.assert(
    fc.property(schedule, limits, (takes, { limit, windowMs }) => {
      let state: SlidingWindowState = []
      let now = 1_000
      for (const { gap, cost } of takes) {
        now += Math.abs(gap)
        const own = { limit, windowMs, cost }
        const [next, { allowed, retryAfterMs }] = slidingWindowStep(state, now, own)
        if (!allowed && cost <= limit) {
          expect(slidingWindowStep(state, now + retryAfterMs, own)[1].allowed).toBe(true)
          expect(slidingWindowStep(state, now + retryAfterMs - 1, own)[1].allowed).toBe(false)
        }
        state = next
      }
    }),
  )
})
