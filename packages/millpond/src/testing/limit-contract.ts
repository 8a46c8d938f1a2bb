import { StoreReplyError } from '../errors.ts'
import { ALGORITHMS, type LimitCheck } from '../limit/limit-store.ts'
import type { Store } from '../stores/store.ts'
import { type ContractCase, equal, ok, withinWindow } from './contract-case.ts'
import { checkOfEach, fixedCheck, slidingCheck } from './limit-checks.ts'

/** What `createLimiter` relies on. */
export const limitContract: readonly ContractCase[] = [
  {
    name: 'take() admits up to the limit and then says when the next passes',
    async run(context) {
      const { store } = context
      const check = await slidingCheck(context, 'p', 'alice', { limit: 2 })
      equal(await allowed(store.take([check])), [true])
      equal(
        (await store.take([check])).map(({ remaining }) => remaining),
        [0],
      )
      const [refused] = await store.take([check])
      equal(refused?.allowed, false)
      ok(
        refused !== undefined && refused.retryAfterMs > 0 && refused.retryAfterMs <= 60_000,
        'retryAfterMs lies within the window',
      )
    },
  },
  {
    name: 'take() takes all or nothing',
    async run(context) {
      const { store } = context
      const wide = await slidingCheck(context, 'wide', 'alice', { limit: 10 })
      const narrow = await fixedCheck(context, 'narrow', 'alice', { limit: 1 })
      equal(await allowed(store.take([wide, narrow])), [true, true])
      equal(await allowed(store.take([wide, narrow])), [true, false])
      equal(
        (await store.take([{ ...wide, cost: 0 }])).map(({ remaining }) => remaining),
        [9],
      )
    },
  },
  {
    name: 'take() counts cost, and says that a cost above the limit never passes',
    async run(context) {
      const { store } = context
      for (const check of await checkOfEach(context, 'alice', { limit: 3 })) {
        const never = await store.take([{ ...check, cost: 4 }])
        equal(never, [{ allowed: false, remaining: 3, resetMs: 0, retryAfterMs: Number.POSITIVE_INFINITY }])
      }
      const check = await slidingCheck(context, 'p', 'alice', { limit: 3 })
      equal(await allowed(store.take([{ ...check, cost: 2 }])), [true])
      equal(await allowed(store.take([{ ...check, cost: 2 }])), [false])
      equal(await allowed(store.take([{ ...check, cost: 1 }])), [true])
    },
  },
  {
    name: 'take() passes again when the time it named has passed',
    run: (context) =>
      withinWindow(200, async (windowMs) => {
        const { store } = context
        for (const check of await checkOfEach(context, `alice-${windowMs}`, { limit: 1, windowMs })) {
          // The second may be in the next window of the calendar.
          let [last] = await store.take([check])
          for (let more = 0; last?.allowed && more < 5; more += 1) [last] = await store.take([check])
          equal(last?.allowed, false)
          await context.pass(last?.retryAfterMs ?? 0)
          equal(await allowed(store.take([check])), [true])
        }
      }),
  },
  {
    name: 'take() of permits says when the first ends, and frees each at its own end',
    run: (context) =>
      withinWindow(600, async (windowMs) => {
        const { store } = context
        const base = await slidingCheck(context, 'p', `alice-${windowMs}`, { limit: 2, windowMs })
        const take = (permit: string) => store.take([{ ...base, algorithm: 'concurrency', permit }])
        equal(await allowed(take('permit-1')), [true])
        await context.pass(windowMs / 2)
        equal(await allowed(take('permit-2')), [true])
        const [refused] = await take('permit-3')
        equal(refused?.allowed, false)
        ok((refused?.retryAfterMs ?? windowMs) <= windowMs / 2, 'retryAfterMs names the end of the first permit')
        await context.pass(refused?.retryAfterMs ?? 0)
        equal(await allowed(take('permit-3')), [true])
        equal(await allowed(take('permit-4')), [false])
      }),
  },
  {
    name: 'take() of many at once admits exactly the limit',
    async run(context) {
      const { store } = context
      const check = await slidingCheck(context, 'p', 'alice', { limit: 7 })
      const verdicts = await Promise.all(Array.from({ length: 40 }, () => store.take([check])))
      equal(verdicts.filter(([verdict]) => verdict?.allowed).length, 7)
    },
  },
  {
    name: 'take() of a token bucket admits a burst and then what flows back',
    run: (context) =>
      withinWindow(300, async (windowMs) => {
        const { store } = context
        const check = await slidingCheck(context, 'p', `alice-${windowMs}`, { limit: 3, windowMs })
        const bucket: LimitCheck = { ...check, refill: 3, algorithm: 'token-bucket' }
        equal(await allowed(store.take([{ ...bucket, cost: 3 }])), [true])
        const [refused] = await store.take([bucket])
        equal(refused?.allowed, false)
        await context.pass(refused?.retryAfterMs ?? 0)
        equal(await allowed(store.take([bucket])), [true])
      }),
  },
  {
    name: 'take() lets a shadow refuse without consequence, and takes from it otherwise',
    async run(context) {
      const { store } = context
      const wide = await slidingCheck(context, 'wide', 'alice', { limit: 10 })
      const shadow = { ...(await slidingCheck(context, 'shadow', 'alice', { limit: 1 })), shadow: true }
      equal(await allowed(store.take([wide, shadow])), [true, true])
      equal(await allowed(store.take([wide, shadow])), [true, false])
      equal(await remaining(store.peek([wide, shadow])), [8, 0])
    },
  },
  {
    name: 'peek() says what a take would, and takes nothing',
    async run(context) {
      const { store } = context
      const check = await slidingCheck(context, 'p', 'alice', { limit: 2, cost: 2 })
      equal(await allowed(store.peek([check])), [true])
      equal(await remaining(store.peek([check])), [2])
      await store.take([check])
      equal(await allowed(store.peek([check])), [false])
    },
  },
  {
    name: 'charge() takes what fits',
    async run(context) {
      const { store } = context
      const check = await slidingCheck(context, 'p', 'alice', { limit: 5, cost: 3 })
      equal([await store.charge([check]), await store.charge([check]), await store.charge([check])], [[3], [2], [0]])
    },
  },
  {
    name: 'refund() of what was taken before a reset gives back nothing of what was taken after it',
    async run(context) {
      const { store } = context
      for (const algorithm of ALGORITHMS) {
        const check: LimitCheck = {
          ...(await slidingCheck(context, algorithm, 'bob', { limit: 5, cost: 3 })),
          algorithm,
          permit: 'permit-1',
          refill: 1,
        }
        const [verdict] = await store.take([check])
        await store.reset([check.key])
        // Marks are no finer than the store's clock.
        await context.pass(2)
        await store.take([{ ...check, permit: 'permit-2' }])
        equal([algorithm, await store.refund([{ ...check, mark: verdict?.mark ?? '' }])], [algorithm, [0]])
        equal(await remaining(store.peek([check])), [2])
      }
    },
  },
  {
    name: 'refund() gives back what a take took, once',
    async run(context) {
      const { store } = context
      for (const algorithm of ALGORITHMS) {
        const check: LimitCheck = {
          ...(await slidingCheck(context, algorithm, 'alice', { limit: 5, cost: 3 })),
          algorithm,
          permit: 'permit-1',
          // So slow that nothing flows back while the case runs.
          refill: 1,
        }
        const [verdict] = await store.take([check])
        const mark = { ...check, mark: verdict?.mark ?? '' }
        equal([algorithm, await store.refund([mark]), await store.refund([mark])], [algorithm, [3], [0]])
        equal(await remaining(store.peek([check])), [5])
      }
    },
  },
  {
    name: 'refund() of many takes at once gives back each',
    async run(context) {
      const { store } = context
      const checks = await Promise.all(
        ['alice', 'bob', 'carol'].map((identity) => slidingCheck(context, 'p', identity, { limit: 5 })),
      )
      const takes = [...checks, ...checks]
      const verdicts = await Promise.all(takes.map((check) => store.take([check])))
      const marks = takes.map((check, index) => ({ ...check, mark: verdicts[index]?.[0]?.mark ?? '' }))
      equal(await Promise.all(marks.map((mark) => store.refund([mark]))), [[1], [1], [1], [1], [1], [1]])
      equal(await remaining(store.peek(checks)), [5, 5, 5])
    },
  },
  {
    name: 'refund() and take() of one key in one tick leave it for as long as what was taken last counts',
    run: (context) =>
      withinWindow(300, async (windowMs) => {
        const { store } = context
        const check = await slidingCheck(context, 'p', `alice-${windowMs}`, { limit: 1, windowMs })
        const [verdict] = await store.take([check])
        await context.pass(windowMs / 2)
        const [back, [again]] = await Promise.all([
          store.refund([{ ...check, mark: verdict?.mark ?? '' }]),
          store.take([check]),
        ])
        equal([back, again?.allowed], [[1], true])
        await context.pass((windowMs * 2) / 3)
        equal(await allowed(store.take([check])), [false])
      }),
  },
  {
    name: 'take() and refund() of a key that is new in one tick leave what was not given back',
    async run(context) {
      const { store } = context
      const base = await slidingCheck(context, 'p', 'alice', { limit: 2 })
      const permit = (name: string): LimitCheck => ({ ...base, algorithm: 'concurrency', permit: name })
      const [first, second, back] = await Promise.all([
        store.take([permit('permit-1')]),
        store.take([permit('permit-2')]),
        store.refund([{ ...permit('permit-1'), mark: 'permit-1' }]),
      ])
      equal([first[0]?.allowed, second[0]?.allowed, back], [true, true, [1]])
      equal(await remaining(store.peek([permit('permit-3')])), [1])
    },
  },
  {
    name: 'take(), peek() and charge() reject where the clock lies in none of the windows, and nothing else of the tick does',
    async run(context) {
      const { store } = context
      const plain = await slidingCheck(context, 'plain', 'alice', { limit: 5 })
      const fixed = await fixedCheck(context, 'fixed', 'alice', { limit: 5 })
      for (const starts of [
        [1_000, 2_000],
        [9e15 - 1, 9e15],
      ]) {
        const outside: LimitCheck = { ...fixed, starts }
        // Alone first: such a take has a script of its own.
        await rejects(store.take([outside]))
        const refused = [
          () => store.take([outside]),
          () => store.take([plain, outside]),
          () => store.peek([outside]),
          () => store.peek([outside, plain]),
          () => store.charge([outside]),
          () => store.charge([outside, plain]),
        ]
        const [before, , after] = await Promise.all([
          store.peek([plain]),
          Promise.all(refused.map((ask) => rejects(ask()))),
          store.peek([plain]),
        ])
        equal([before[0]?.remaining, after[0]?.remaining], [5, 5])
        equal(await remaining(store.peek([plain, fixed])), [5, 5])
      }
    },
  },
  {
    name: 'prolong() lets permits live on, and says when they have ended',
    run: (context) =>
      withinWindow(600, async (windowMs) => {
        const { store } = context
        const base = await slidingCheck(context, 'p', `alice-${windowMs}`, { limit: 1, windowMs })
        const check: LimitCheck = { ...base, algorithm: 'concurrency', permit: 'permit-1' }
        const mark = { ...check, mark: 'permit-1' }
        equal(await allowed(store.take([check])), [true])
        await context.pass(windowMs / 2)
        equal(await store.prolong([mark]), [1])
        await context.pass((windowMs * 2) / 3)
        equal(await allowed(store.take([{ ...check, permit: 'permit-2' }])), [false])
        await context.pass(windowMs + 1)
        equal(await store.prolong([mark]), [0])
        equal(await allowed(store.take([{ ...check, permit: 'permit-2' }])), [true])
      }),
  },
  {
    name: 'reset() forgets',
    async run(context) {
      const { store } = context
      const check = await slidingCheck(context, 'p', 'alice', { limit: 1 })
      await store.take([check])
      await store.reset([check.key])
      equal(await allowed(store.take([check])), [true])
    },
  },
]

async function rejects(asked: Promise<unknown>): Promise<void> {
  const outcome = await asked.then(
    () => 'resolved',
    (error: unknown) => (error instanceof StoreReplyError ? 'StoreReplyError' : String(error)),
  )
  equal(outcome, 'StoreReplyError')
}

async function remaining(verdicts: ReturnType<Store['peek']>): Promise<number[]> {
  return (await verdicts).map((verdict) => verdict.remaining)
}

async function allowed(verdicts: ReturnType<Store['take']>): Promise<boolean[]> {
  return (await verdicts).map((verdict) => verdict.allowed)
}
