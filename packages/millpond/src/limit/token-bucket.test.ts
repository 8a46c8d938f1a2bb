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
  expect(take(1_000)).toEqual({ allowed: true, remaining: 2, resetMs: 50, retryAfterMs: 0, mark: '2048001' })
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
  fc.record({ gap: fc.integer({ min: 0, max: 60 }), cost: fc.integer({ min: 1, max: 4 }), refund: fc.nat(1) }),
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
    { numRuns: 5_000 },
  )
})

test('tokenBucketRefund() gives back at once what was taken, and not what flowed back by itself', () => {
  const [state, { mark = '' }] = tokenBucketStep(undefined, 1_000, { ...rule, cost: 3 })
  expect(tokenBucketRefund(state, 1_000, { ...rule, cost: 3, mark })[1]).toBe(3)
  expect(tokenBucketRefund(state, 1_060, { ...rule, cost: 3, mark })[1]).toBe(2)
  expect(tokenBucketRefund(state, 1_150, { ...rule, cost: 3, mark })[1]).toBe(0)
})

test('tokenBucketRefund() of the last take leaves a bucket that decides as if it had never been, before and after older takes are refunded', () => {
  const steps = fc.array(
    fc.record({
      gap: fc.nat(40),
      cost: fc.integer({ min: 1, max: 4 }),
      after: fc.constantFrom('keep', 'undo', 'refund'),
    }),
    { maxLength: 40 },
  )
  fc.assert(
    fc.property(steps, limits, fc.nat(20), (list, own, pause) => {
      let [tried, plain]: (TokenBucketState | undefined)[] = []
      const kept: { cost: number; marks: [string, string] }[] = []
      let now = 1_000
      for (const { gap, cost, after } of list) {
        now += gap
        const [state, verdict] = tokenBucketStep(tried, now, { ...own, cost })
        if (after === 'undo') {
          tried = state
          now += pause
          if (verdict.mark) tried = tokenBucketRefund(tried, now, { ...own, cost, mark: verdict.mark })[0]
          continue
        }
        const [other, same] = tokenBucketStep(plain, now, { ...own, cost })
        ;[tried, plain] = [state, other]
        expect({ ...verdict, mark: undefined }).toEqual({ ...same, mark: undefined })
        if (verdict.mark && same.mark) kept.push({ cost, marks: [verdict.mark, same.mark] })
        if (after === 'keep') continue
        const given = kept.splice(Math.floor(kept.length / 2), 1)[0]
        if (!given) continue
        const [ours, units] = tokenBucketRefund(tried, now, { ...own, cost: given.cost, mark: given.marks[0] })
        const [theirs, sameUnits] = tokenBucketRefund(plain, now, { ...own, cost: given.cost, mark: given.marks[1] })
        expect(units).toBe(sameUnits)
        ;[tried, plain] = [ours, theirs]
      }
    }),
    { numRuns: 1_000 },
  )
})

test('tokenBucketRefund() gives back takes from the first, and from the last, in full where nothing has flowed back', () => {
  const own = { limit: 9, windowMs: 100, refill: 1 }
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [0, 2, 1],
  ]) {
    let state: TokenBucketState | undefined
    const marks: string[] = []
    for (let turn = 0; turn < 3; turn += 1) {
      const [next, { mark = '' }] = tokenBucketStep(state, 1_000, { ...own, cost: 3 })
      state = next
      marks.push(mark)
    }
    const given = order.map((nth) => {
      const [next, units] = tokenBucketRefund(state, 1_000, { ...own, cost: 3, mark: marks[nth] ?? '' })
      state = next
      return units
    })
    expect([order, given, state?.level]).toEqual([order, [3, 3, 3], 0])
  }
})
