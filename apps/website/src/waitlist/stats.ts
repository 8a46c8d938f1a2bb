import { count } from 'drizzle-orm'
import { z } from 'zod'
import type { Queryable } from '../db/database.ts'
import { referrals, signups } from '../db/schema.ts'

/** The first so many people on the list are founding members. */
export const foundingPlaces = 30

export const waitlistStats = z.object({
  totalSignups: z.int().min(0),
  foundingMembersLeft: z.int().min(0).max(foundingPlaces),
  totalReferrals: z.int().min(0),
})
export type WaitlistStats = z.output<typeof waitlistStats>

/**
 * The public numbers of the list. As long as nobody can confirm, everyone who joined counts; with the confirmation these
 * three queries are to count confirmed rows only.
 */
export async function readWaitlistStats(db: Queryable): Promise<WaitlistStats> {
  const [people] = await db.select({ total: count() }).from(signups)
  const [brought] = await db.select({ total: count() }).from(referrals)
  const totalSignups = people?.total ?? 0
  return {
    totalSignups,
    foundingMembersLeft: Math.max(0, foundingPlaces - totalSignups),
    totalReferrals: brought?.total ?? 0,
  }
}
