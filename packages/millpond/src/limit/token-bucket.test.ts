import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type TokenBucketState, tokenBucketRefund, tokenBucketStep } from './token-bucket.ts'

const rule = { limit: 3, windowMs: 100, refill: 2, cost: 1 }

test('tokenBucketStep() admits a burst of the limit, then one for each unit that flows back', () => {
  let state: TokenBucketState | undefined
  const take = (now: number) => {
    const [next, verdict] = tokenBucketStep(state, now, rule)
    state = next
    return verdict
  }
  expect(take(1_000)).toEqual({ allowed: true, remaining: 2, resetMs: 50, retryAfterMs: 0, mark: '100:1000:2048001' })
  expect(take(1_000)).toMatchObject({ allowed: true, remaining: 1, resetMs: 100 })
  expect(take(1_000)).toMatchObject({ allowed: true, remaining: 0, resetMs: 150 })
  expect(take(1_010)).toEqual({ allowed: false, remaining: 0, resetMs: 140, retryAfterMs: 40 })
  expect(take(1_049).allowed).toBe(false)
  expect(take(1_050)).toMatchObject({ allowed: true, remaining: 0, resetMs: 150 })
})

test('tokenBucketStep() says that a cost above the limit never passes', () => {
  expect(tokenBucketStep(undefined, 0, { ...rule, cost: 4 })[1].retryAfterMs).toBe(Number.POSITIVE_INFINITY)
})

const takes = fc.array(
  fc.record({ gap: fc.integer({ min: 0, max: 60 }), cost: fc.integer({ min: 1, max: 4 }), refund: fc.nat(5) }),
  { maxLength: 50 },
)
const limits = fc.record({
  limit: fc.integer({ min: 1, max: 6 }),
  windowMs: fc.integer({ min: 1, max: 120 }),
  refill: fc.integer({ min: 1, max: 9 }),
})

test('tokenBucketStep() never admits more than limit + t · refill / window in any t milliseconds, refunds included, and tells the truth', () => {
  fc.assert(
    fc.property(takes, limits, (list, own) => {
      let state: TokenBucketState | undefined
      let now = 1_000
      const admitted: { at: number; cost: number; mark: string }[] = []
      for (const { gap, cost, refund } of list) {
        now += gap
        const given = refund === 0 ? admitted.splice(Math.floor(admitted.length / 2), 1)[0] : undefined
        if (given) state = tokenBucketRefund(state, now, { ...own, ...given })[0]
        const [next, verdict] = tokenBucketStep(state, now, { ...own, cost })
        if (verdict.mark !== undefined) admitted.push({ at: now, cost, mark: verdict.mark })
        else if (cost <= own.limit) {
          expect(tokenBucketStep(state, now + verdict.retryAfterMs, { ...own, cost })[1].allowed).toBe(true)
          expect(tokenBucketStep(state, now + verdict.retryAfterMs - 1, { ...own, cost })[1].allowed).toBe(false)
        }
        state = next
      }
      for (const first of admitted) {
        let sum = 0
        for (const { at, cost } of admitted) {
          if (at < first.at) continue
          sum += cost
          expect(sum * own.windowMs).toBeLessThanOrEqual(own.limit * own.windowMs + (at - first.at) * own.refill)
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('tokenBucketRefund() gives back at once what was taken, and not what flowed back by itself', () => {
  const [state, { mark = '' }] = tokenBucketStep(undefined, 1_000, { ...rule, cost: 3 })
  expect(tokenBucketRefund(state, 1_000, { ...rule, cost: 3, mark })[1]).toBe(3)
  expect(tokenBucketRefund(state, 1_060, { ...rule, cost: 3, mark })[1]).toBe(2)
  expect(tokenBucketRefund(state, 1_150, { ...rule, cost: 3, mark })[1]).toBe(0)
})
