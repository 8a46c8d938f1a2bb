import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { createCache, createLimiter, type Decision, fixedWindow, slidingWindow } from '../src/index.ts'
import { memory } from '../src/stores/memory/index.ts'

/** Held by the compiler: `npm run ok` checks the types of this file. */

const store = memory()
const cache = createCache({ store, namespace: 'types' })
const day = cache.define({
  name: 'day',
  ttl: '5m',
  input: z.object({ user: z.string(), at: z.coerce.date(), page: z.int().default(1) }),
  tags: (input) => {
    expectTypeOf(input).toEqualTypeOf<{ user: string; at: Date; page: number }>()
    return [input.user]
  },
  load: (input, { signal }) => {
    expectTypeOf(input).toEqualTypeOf<{ user: string; at: Date; page: number }>()
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
    return { steps: input.page, note: null as string | null }
  },
})
const total = cache.define({ name: 'total', ttl: '5m', load: async () => 42 })
const stock = cache.define({ name: 'stock', ttl: '1m', input: z.int(), loadMany: async (ids) => ids.map(String) })

describe('define()', () => {
  test('takes what the schema takes, and gives what the loader gives', () => {
    expectTypeOf(day.get).parameter(0).toExtend<{ user: string; at: unknown; page?: number | undefined }>()
    expectTypeOf<{ user: string; at: string }>().toExtend<Parameters<typeof day.get>[0]>()
    expectTypeOf<{ user: string }>().not.toExtend<Parameters<typeof day.get>[0]>()
    expectTypeOf<{ user: number; at: string }>().not.toExtend<Parameters<typeof day.get>[0]>()
    expectTypeOf(day.get)
      .returns.resolves.toHaveProperty('value')
      .toEqualTypeOf<{ steps: number; note: string | null }>()
  })

  test('without an input takes nothing', () => {
    expectTypeOf(total.get).parameters.toEqualTypeOf<[]>()
    expectTypeOf(total.get).returns.resolves.toHaveProperty('value').toEqualTypeOf<number>()
  })

  test('of several loads gives each its value', () => {
    expectTypeOf(stock.get).returns.resolves.toHaveProperty('value').toEqualTypeOf<string>()
    expectTypeOf(stock.getMany).parameter(0).toEqualTypeOf<readonly number[]>()
  })

  test('takes undefined for an option, also under exactOptionalPropertyTypes', () => {
    const perhaps: `${number}s` | undefined = process.argv.length > 99 ? '1s' : undefined
    const given = {
      name: 'options',
      ttl: '1m',
      staleFor: perhaps,
      local: perhaps,
      tags: undefined,
      load: () => 1,
    } as const
    expectTypeOf(cache.define(given).get).parameters.toEqualTypeOf<[]>()
  })

  test('can be wrapped for any schema and any value', async () => {
    function defineQuery<Output, Input, Value>(
      name: string,
      input: z.ZodType<Output, Input>,
      run: (input: Output) => Promise<Value>,
    ) {
      const query = cache.define({ name, ttl: '1m', input, load: (given) => run(given) })
      return (given: Input) => query.get(given)
    }
    const double = defineQuery('double', z.coerce.number(), async (given) => ({ twice: given * 2 }))
    expectTypeOf((await double('4')).value).toEqualTypeOf<{ twice: number }>()
  })

  test('names the mistake, where a definition with an input has one', () => {
    type Options = Parameters<typeof cache.define<string, z.ZodString>>[0]
    // The last overload is what a compiler holds a mistake against: it must be the one with an input.
    expectTypeOf<{ name: 'a'; ttl: '1m'; input: z.ZodString; load: (id: string) => string }>().toExtend<Options>()
    expectTypeOf<{ name: 'a'; ttl: '1m'; input: z.ZodString }>().not.toExtend<Options>()
  })

  test('says how a read was answered, as a union to switch over', () => {
    type Status = Awaited<ReturnType<typeof total.get>>['status']
    expectTypeOf<Status>().toEqualTypeOf<'hit' | 'stale' | 'miss' | 'bypass'>()
  })
})

const limiter = createLimiter({
  store,
  policies: {
    global: slidingWindow({ limit: 60, window: '60s', onUnavailable: 'open' }),
    chat: fixedWindow<{ tier: 'free' | 'premium' }>({
      limit: ({ tier }) => (tier === 'free' ? 50 : 500),
      window: '1d',
      onUnavailable: 'closed',
    }),
  },
})
type Taken = Parameters<typeof limiter.peek>[0]
type Decided = Awaited<ReturnType<typeof limiter.take>>

describe('createLimiter()', () => {
  test('knows its policies by name', () => {
    expectTypeOf(limiter.reset).parameter(0).toEqualTypeOf<'global' | 'chat'>()
    expectTypeOf<{ policy: 'globle'; key: string }>().not.toExtend<Taken>()
    expectTypeOf(limiter.counters).returns.toHaveProperty('chat')
  })

  test('asks for the context of a limit that is a function, and for no other', () => {
    expectTypeOf<{ policy: 'global'; key: string }>().toExtend<Taken>()
    expectTypeOf<{ policy: 'chat'; key: string }>().not.toExtend<Taken>()
    expectTypeOf<{ policy: 'chat'; key: string; context: { tier: 'free' } }>().toExtend<Taken>()
    expectTypeOf<{ policy: 'chat'; key: string; context: { tier: 'gold' } }>().not.toExtend<Taken>()
    expectTypeOf(limiter.limit).parameter(0).toEqualTypeOf<'global'>()
  })

  test('takes a context that may be undefined, or is any, as the limit does', () => {
    const plans = createLimiter({
      store,
      policies: {
        plan: slidingWindow<{ plan: 'pro' } | undefined>({
          limit: (context) => (context ? 9 : 1),
          window: '1m',
          onUnavailable: 'open',
        }),
        // biome-ignore lint/suspicious/noExplicitAny: a caller may write it
        loose: slidingWindow<any>({ limit: ({ size }) => size, window: '1m', onUnavailable: 'open' }),
      },
    })
    type TakenOfPlans = Parameters<typeof plans.peek>[0]
    expectTypeOf<{ policy: 'plan'; key: string }>().toExtend<TakenOfPlans>()
    expectTypeOf<{ policy: 'plan'; key: string; context: { plan: 'pro' } | undefined }>().toExtend<TakenOfPlans>()
    expectTypeOf<{ policy: 'plan'; key: string; context: { plan: 'con' } }>().not.toExtend<TakenOfPlans>()
    expectTypeOf<{ policy: 'loose'; key: string; context: { size: number } }>().toExtend<TakenOfPlans>()
    expectTypeOf(plans.limit).parameter(0).toEqualTypeOf<'plan' | 'loose'>()
  })

  test('takes undefined for a cost, also under exactOptionalPropertyTypes', () => {
    expectTypeOf<{ policy: 'global'; key: string; cost: number | undefined }>().toExtend<Taken>()
  })
})

describe('a decision', () => {
  test('is narrowed by its status', () => {
    expectTypeOf<Decided>().toEqualTypeOf<Decision<'global' | 'chat'>>()
    expectTypeOf<Decided['status']>().toEqualTypeOf<'allowed' | 'refused' | 'degraded'>()
    type Refused = Extract<Decided, { status: 'refused' }>
    expectTypeOf<Refused['refusedBy']>().toEqualTypeOf<'global' | 'chat'>()
    expectTypeOf<Refused['retryAfterMs']>().toEqualTypeOf<number>()
    expectTypeOf<Refused['allowed']>().toEqualTypeOf<false>()
  })

  test('has no numbers where none are known', () => {
    type Degraded = Extract<Decided, { status: 'degraded' }>
    expectTypeOf<Degraded>().not.toHaveProperty('nearest')
    expectTypeOf<Degraded>().not.toHaveProperty('limits')
    expectTypeOf<Degraded['mode']>().toEqualTypeOf<'open' | 'closed' | 'local'>()
    expectTypeOf<Extract<Decided, { status: 'allowed' }>>().not.toHaveProperty('retryAfterMs')
  })
})
