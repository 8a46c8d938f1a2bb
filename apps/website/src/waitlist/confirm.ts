import { eq, sql } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { signups, waitlistCounter } from '../db/schema.ts'

export type Confirmation =
  /** `isFirst` is true for exactly one call per person. */
  | { readonly status: 'confirmed'; readonly isFirst: boolean }
  /** Nobody has this id: the row was deleted after the mail was sent. */
  | { readonly status: 'gone' }

/** Whether a person has confirmed; `gone` when nobody has this id. */
export async function readConfirmation(db: Database, id: string): Promise<'pending' | 'confirmed' | 'gone'> {
  const [seen] = await db.select({ seq: signups.seq }).from(signups).where(eq(signups.id, id))
  if (seen === undefined) return 'gone'
  return seen.seq === null ? 'pending' : 'confirmed'
}

/**
 * Confirms a person once; every further call changes nothing. Numbers have no gaps: the counter's row is locked until the
 * transaction ends, so a number is either used or not drawn. It is the last lock taken, so two calls cannot deadlock.
 */
export async function confirmSignup(db: Database, id: string, now: Date): Promise<Confirmation> {
  const seen = await readConfirmation(db, id)
  if (seen === 'gone') return { status: 'gone' }
  if (seen === 'confirmed') return { status: 'confirmed', isFirst: false }
  return db.transaction(async (tx) => {
    const [row] = await tx.select({ seq: signups.seq }).from(signups).where(eq(signups.id, id)).for('update')
    if (row === undefined) return { status: 'gone' }
    if (row.seq !== null) return { status: 'confirmed', isFirst: false }
    const [counter] = await tx
      .update(waitlistCounter)
      .set({ confirmed: sql`${waitlistCounter.confirmed} + 1` })
      .returning({ seq: waitlistCounter.confirmed })
    if (counter === undefined) throw new CounterMissingError()
    await tx.update(signups).set({ seq: counter.seq, confirmedAt: now }).where(eq(signups.id, id))
    return { status: 'confirmed', isFirst: true }
  })
}

/** The migrations make the counter's one row; without it nobody can be numbered. */
export class CounterMissingError extends Error {
  readonly code = 'ERR_COUNTER_MISSING'
  constructor() {
    super('Cannot confirm: the table waitlist_counter has no row')
  }
}
