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
    expectTypeOf(limiter.limit).parameter(0).toEqualTypeOf<'global' | 'chat'>()
    expectTypeOf<{ policy: 'globle'; key: string }>().not.toExtend<Taken>()
    expectTypeOf(limiter.counters).returns.toHaveProperty('chat')
  })

  test('asks for the context of a limit that is a function, and for no other', () => {
    expectTypeOf<{ policy: 'global'; key: string }>().toExtend<Taken>()
    expectTypeOf<{ policy: 'chat'; key: string }>().not.toExtend<Taken>()
    expectTypeOf<{ policy: 'chat'; key: string; context: { tier: 'free' } }>().toExtend<Taken>()
    expectTypeOf<{ policy: 'chat'; key: string; context: { tier: 'gold' } }>().not.toExtend<Taken>()
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
