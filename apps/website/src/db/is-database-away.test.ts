import { DrizzleQueryError } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { isDatabaseAway } from './is-database-away.ts'

const failed = (code?: string, message = 'no'): Error => Object.assign(new Error(message), code && { code })
const inQuery = (cause: Error): Error => new DrizzleQueryError('select 1', [], cause)

it.each([
  inQuery(failed('ECONNREFUSED')),
  inQuery(failed('57P01')),
  inQuery(failed('40P01')),
  inQuery(failed(undefined, 'Connection terminated unexpectedly')),
  failed('ECONNREFUSED'),
  failed('57P03'),
  failed('53300'),
  failed(undefined, 'timeout exceeded when trying to connect'),
])('isDatabaseAway() is true for %s with $code $cause.code', (error) => {
  expect(isDatabaseAway(error)).toBe(true)
})

it.each([
  inQuery(failed('22001')),
  inQuery(failed('23505')),
  inQuery(failed('42703')),
  failed('ERR_INVALID_ARG_TYPE'),
  new TypeError('x is undefined'),
  'thrown',
  undefined,
])('isDatabaseAway() is false for %s', (error) => {
  expect(isDatabaseAway(error)).toBe(false)
})
