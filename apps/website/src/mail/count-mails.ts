import { isNull, sql } from 'drizzle-orm'
import type { Queryable } from '../db/database.ts'
import { mailOutbox } from '../db/schema.ts'
import { maxAttempts } from './outbox.ts'

export interface MailCounts {
  /** Waiting for an attempt, the first or another one. */
  readonly due: number
  /** Never sent: their last attempt failed. Kept for as long as notes of mails are. */
  readonly givenUp: number
}

/** What the outbox of all instances holds that was not sent. One statement. */
export async function countMails(db: Queryable): Promise<MailCounts> {
  const isOver = sql`${mailOutbox.attempts} >= ${maxAttempts}`
  const [counted] = await db
    .select({
      due: sql<number>`count(*) filter (where not ${isOver})::int`,
      givenUp: sql<number>`count(*) filter (where ${isOver})::int`,
    })
    .from(mailOutbox)
    .where(isNull(mailOutbox.sentAt))
  return counted ?? { due: 0, givenUp: 0 }
}
