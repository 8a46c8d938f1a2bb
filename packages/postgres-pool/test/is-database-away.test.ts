import { DrizzleQueryError } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { isDatabaseAway } from '../index.mjs'

const failed = (code?: string, message = 'no'): Error => Object.assign(new Error(message), code && { code })
const inQuery = (cause: Error): Error => new DrizzleQueryError('select 1', [], cause)

it.each([
  ...['ECONNREFUSED', '57P01', '57P03', '53300', '08006', '40P01', '57014'].map((code) => failed(code)),
  ...['ECONNRESET', '57P01'].map((code) => inQuery(failed(code))),
  // Read-only for a while after a failover; a transaction that idled or took too long; a lock that was not had in time.
  ...['25006', '25P03', '25P04', '55P03'].map((code) => inQuery(failed(code))),
  inQuery(failed(undefined, 'Connection terminated unexpectedly')),
  failed(undefined, 'timeout exceeded when trying to connect'),
])('isDatabaseAway() is true for %s', (error) => {
  expect(isDatabaseAway(error)).toBe(true)
})

it.each([
  ...['22001', '23505', '42703', '57000', '25001', '55000'].map((code) => inQuery(failed(code))),
  failed('ERR_INVALID_ARG_TYPE'),
  new TypeError('x is undefined'),
  'ECONNREFUSED',
  undefined,
])('isDatabaseAway() is false for %s', (error) => {
  expect(isDatabaseAway(error)).toBe(false)
})
