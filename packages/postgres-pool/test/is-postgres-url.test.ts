import { expect, it } from 'vitest'
import { isPostgresUrl } from '../index.mjs'

it.each([
  'postgres://brain@db.internal/brain',
  'postgresql://u:p%40ss@[::1]:5432/brain',
  'postgres:///brain?host=/var/run/postgresql',
])('isPostgresUrl() is true for %s', (value) => {
  expect(isPostgresUrl(value)).toBe(true)
})

it.each([
  'postgres://',
  'postgres:///brain',
  'postgres:///brain?host=',
  'postgres:word',
  'postgres://u:p@',
  'postgres://u:p%ss@db/b',
  'mysql://db/b',
  '',
])('isPostgresUrl() is false for %j', (value) => {
  expect(isPostgresUrl(value)).toBe(false)
})
