import { lt, type SQL, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Database } from './database.ts'
import { idempotencyKeys, stravaStates } from './schema/index.ts'

/** For how long the answer to an `Idempotency-Key` is kept. */
export const IDEMPOTENCY_LIFETIME_MS = 86_400_000

/** So many rows a statement: a long list is deleted in short transactions, between which others get their turn. */
const ROWS_PER_STATEMENT = 500

/**
 * Deletes what counts no more, whoever it belongs to: answers kept for an `Idempotency-Key`, and connections to Strava that
 * were begun and not completed. Any number of processes may do it at once. Two statements when there is nothing to delete.
 */
export async function deleteExpired(db: Database, now: Date): Promise<void> {
  const lastCounted = new Date(now.getTime() - IDEMPOTENCY_LIFETIME_MS)
  await deleteWhere(db, idempotencyKeys, lt(idempotencyKeys.createdAt, lastCounted))
  await deleteWhere(db, stravaStates, lt(stravaStates.expiresAt, now))
}

async function deleteWhere(db: Database, table: PgTable, isOver: SQL): Promise<void> {
  for (let count = ROWS_PER_STATEMENT; count === ROWS_PER_STATEMENT; ) {
    // What another process holds is its to delete. A locked row does not move, so its place names it.
    const due = sql`array(select ctid from ${table} where ${isOver} limit ${ROWS_PER_STATEMENT} for update skip locked)`
    const removed = await db.delete(table).where(sql`ctid = any(${due})`).returning({ one: sql`1` })
    count = removed.length
  }
}
