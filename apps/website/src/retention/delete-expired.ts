import { and, eq, inArray, isNotNull, isNull, lt, or, type SQL } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { Queryable } from '../db/database.ts'
import { contactMessages, localMails, mailOutbox, signups } from '../db/schema.ts'
import { maxAttempts } from '../mail/outbox.ts'
import { keptDays } from './periods.ts'

const dayMs = 86_400_000
/** So many rows a statement: a long list is deleted in short transactions, between which others get their turn. */
const batch = 500

/** How many rows went. */
export interface Deleted {
  readonly people: number
  readonly messages: number
  readonly mails: number
}

async function deleteWhere(
  db: Queryable,
  table: PgTable & { id: PgColumn },
  expired: SQL | undefined,
): Promise<number> {
  let total = 0
  for (let count = batch; count === batch; total += count) {
    const due = db.select({ id: table.id }).from(table).where(expired).limit(batch)
    // Another instance may be at the same rows: what it holds is its to delete.
    const removed = await db
      .delete(table)
      .where(inArray(table.id, due.for('update', { skipLocked: true })))
      .returning({ id: table.id })
    count = removed.length
  }
  return total
}

/**
 * Deletes what has been kept for its time (see {@link keptDays}). A period that has passed to the millisecond is over. Any
 * number of instances may do it at once. Four statements when nothing is due.
 */
export async function deleteExpired(db: Queryable, now: Date): Promise<Deleted> {
  const before = (days: number): Date => new Date(now.getTime() - days * dayMs + 1)
  const people = await deleteWhere(
    db,
    signups,
    or(
      and(isNull(signups.confirmedAt), lt(signups.createdAt, before(keptDays.unconfirmed))),
      and(isNotNull(signups.confirmedAt), lt(signups.confirmedAt, before(keptDays.confirmed))),
    ),
  )
  const messages = await deleteWhere(db, contactMessages, lt(contactMessages.createdAt, before(keptDays.contact)))
  const isOver = or(isNotNull(mailOutbox.sentAt), eq(mailOutbox.attempts, maxAttempts))
  const notes = await deleteWhere(db, mailOutbox, and(isOver, lt(mailOutbox.createdAt, before(keptDays.outbox))))
  const local = await deleteWhere(db, localMails, lt(localMails.createdAt, before(keptDays.localMail)))
  return { people, messages, mails: notes + local }
}
