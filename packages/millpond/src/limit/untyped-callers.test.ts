import { describe, expect, test } from 'vitest'
import { memory } from '../stores/memory/index.ts'
import { hold } from './hold.ts'
import { createLimiter } from './limiter.ts'
import { concurrency, fixedWindow, slidingWindow, tokenBucket } from './policy.ts'
import { reserve } from './reserve.ts'
import { waitUntilReady } from './wait-until-ready.ts'

/** What plain JavaScript may pass, which no type has checked. */
const nothing = [[undefined], [null]] as [never][]

describe.each([
  ['a sliding window', slidingWindow],
  ['a fixed window', fixedWindow],
  ['a token bucket', tokenBucket],
  ['a concurrency limit', concurrency],
])('%s', (name, create) => {
  test.each(nothing)('of %s names the limit that is missing', (options) => {
    expect(() => create(options)).toThrow(
      new RangeError(`Cannot create ${name}: "limit" must be an integer >= 1, received undefined`),
    )
  })
})

describe.each([
  ['slidingWindow', slidingWindow],
  ['fixedWindow', fixedWindow],
])('%s()', (_, create) => {
  test.each([
    [null, 'null'],
    [{}, '[object Object]'],
  ])('throws for the lease %j', (lease, shown) => {
    const options = { limit: 5, window: '60s', onUnavailable: 'open', lease: lease as never } as const
    expect(() => create(options)).toThrow(`"lease" must be blocksOf(n), received ${shown}`)
  })
})

describe.each([
  ['reserve', reserve],
  ['hold', hold],
  ['wait', waitUntilReady],
])('to %s', (verb, call) => {
  test.each([...nothing, [{} as never]])('from %j names the limiter', async (limiter) => {
    const take = { policy: 'all', key: 'a' } as never
    await expect(call(limiter, take, {} as never)).rejects.toThrow(
      new TypeError(`Cannot ${verb}: "limiter" must be a limiter, received ${typeof limiter}`),
    )
  })
})

test.each(nothing)('waitUntilReady() with the options %s names the wait that is missing', async (options) => {
  const all = slidingWindow({ limit: 1, window: '60s', onUnavailable: 'open' })
  const limiter = createLimiter({ store: memory(), policies: { all } })
  await expect(waitUntilReady(limiter, { policy: 'all', key: 'a' }, options)).rejects.toThrow(
    'Cannot wait: "maxWait" must be a duration from 1 ms to 86400000 ms such as "5m", received undefined',
  )
})
