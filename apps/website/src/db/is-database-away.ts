import { DrizzleQueryError } from 'drizzle-orm'

/** Whether a query failed because the database is away or cannot go on, and not by what it was asked. */
export function isDatabaseAway(error: unknown): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  if (!(cause instanceof Error)) return false
  const code = 'code' in cause ? String(cause.code) : ''
  // SQLSTATE 22, 23 and 42 are values, constraints and statements: mistakes of whoever asks.
  if (error instanceof DrizzleQueryError) return !/^(22|23|42)/.test(code)
  // A transaction's connection is taken outside of a query. The errors of pg itself have no code.
  return /^(08|53|57|E(?!RR_)[A-Z])/.test(code) || /^(timeout exceeded|Connection terminated)/.test(cause.message)
}
