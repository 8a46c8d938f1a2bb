import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type FixedWindowState, fixedWindowStep } from './fixed-window.ts'

const rule = { limit: 2, windowMs: 100, cost: 1 }

test('fixedWindowStep() counts within windows aligned to the epoch', () => {
  let state: FixedWindowState | undefined
  const take = (now: number) => {
    const [next, verdict] = fixedWindowStep(state, now, rule)
    state = next
    return verdict
  }
  expect(take(130)).toMatchObject({ allowed: true, remaining: 1, resetMs: 70, retryAfterMs: 0 })
  expect(take(140)).toMatchObject({ allowed: true, remaining: 0, resetMs: 60, retryAfterMs: 0 })
  expect(take(199)).toEqual({ allowed: false, remaining: 0, resetMs: 1, retryAfterMs: 1 })
  expect(take(200)).toMatchObject({ allowed: true, remaining: 1, resetMs: 100, retryAfterMs: 0 })
  expect(state).toEqual({ began: 200, count: 1 })
})

test('fixedWindowStep() stays in the window begun when time steps back over its start', () => {
  const [state] = fixedWindowStep({ began: 200, count: 1 }, 190, rule)
  expect(state).toEqual({ began: 200, count: 2 })
  expect(fixedWindowStep(state, 190, rule)[1]).toEqual({
    allowed: false,
    remaining: 0,
    resetMs: 110,
    retryAfterMs: 110,
  })
})

test('fixedWindowStep() never admits more than the limit in one window, and its retryAfterMs is exact', () => {
  const takes = fc.array(fc.record({ gap: fc.nat(60), cost: fc.integer({ min: 1, max: 3 }) }), { maxLength: 60 })
  fc.assert(
    fc.property(takes, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 90 }), (list, limit, windowMs) => {
      let state: FixedWindowState | undefined
      let now = 0
      const admitted = new Map<number, number>()
      for (const { gap, cost } of list) {
        now += gap
        const own = { limit, windowMs, cost }
        const [next, { allowed, retryAfterMs }] = fixedWindowStep(state, now, own)
        const window = Math.floor(now / windowMs)
        if (allowed) admitted.set(window, (admitted.get(window) ?? 0) + cost)
        else if (cost <= limit) {
          expect(fixedWindowStep(state, now + retryAfterMs, own)[1].allowed).toBe(true)
          expect(fixedWindowStep(state, now + retryAfterMs - 1, own)[1].allowed).toBe(false)
        }
        state = next
      }
      expect(Math.max(0, ...admitted.values())).toBeLessThanOrEqual(limit)
    }),
  )
})
