import { and, count, eq, isNotNull, isNull } from 'drizzle-orm'
import { z } from 'zod'
import type { Queryable } from '../db/database.ts'
import { referrals, signups, waitlistCounter } from '../db/schema.ts'

/** The first so many people to confirm are founding members. */
export const foundingPlaces = 30

export const waitlistStats = z.object({
  totalSignups: z.int().min(0),
  foundingMembersLeft: z.int().min(0).max(foundingPlaces),
  totalReferrals: z.int().min(0),
})
export type WaitlistStats = z.output<typeof waitlistStats>

/** The public numbers of the list: who has joined, confirmed or not; founding places and referrals count confirmations. */
export async function readWaitlistStats(db: Queryable): Promise<WaitlistStats> {
  const [people] = await db.select({ total: count() }).from(signups)
  const [brought] = await db
    .select({ total: count() })
    .from(referrals)
    .innerJoin(signups, eq(signups.id, referrals.referredId))
    .where(and(isNotNull(signups.seq), isNull(referrals.reversedAt)))
  return {
    totalSignups: people?.total ?? 0,
    foundingMembersLeft: Math.max(0, foundingPlaces - (await readConfirmed(db))),
    totalReferrals: brought?.total ?? 0,
  }
}

/** How many confirmations there have been. */
export async function readConfirmed(db: Queryable): Promise<number> {
  const [counter] = await db.select({ confirmed: waitlistCounter.confirmed }).from(waitlistCounter)
  return counter?.confirmed ?? 0
}
