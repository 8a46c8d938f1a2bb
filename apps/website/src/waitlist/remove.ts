import { and, eq, isNull } from 'drizzle-orm'
import type { Queryable } from '../db/database.ts'
import { referrals, signups } from '../db/schema.ts'

/**
 * Takes a person off the list with everything that is known about them: address, answers, codes, referrals both ways and mails
 * that are due. Places close up, and who was brought by them or brought them counts without them. Their number is not drawn
 * again, so a founding place that is left stays empty. False when nobody has this id; calling it again changes nothing.
 */
export async function removeSignup(db: Queryable, id: string): Promise<boolean> {
  const removed = await db.delete(signups).where(eq(signups.id, id)).returning({ id: signups.id })
  return removed.length > 0
}

/**
 * Takes back the credit for having brought the person `referredId`, who stays on the list. True for exactly one call; false
 * as well when nobody has brought them.
 */
export async function reverseReferral(db: Queryable, referredId: string, now: Date): Promise<boolean> {
  const reversed = await db
    .update(referrals)
    .set({ reversedAt: now })
    .where(and(eq(referrals.referredId, referredId), isNull(referrals.reversedAt)))
    .returning({ id: referrals.referredId })
  return reversed.length > 0
}
