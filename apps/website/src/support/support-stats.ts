import { desc, eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Queryable } from '../db/database.ts'
import { supportContributions, supportSync } from '../db/schema.ts'

const money = z.object({ currency: z.string(), amountMinor: z.int().min(0) })

export const supportStats = z.object({
  /** One sum for each currency, in its smallest unit; the one most is given in first. */
  totalFundsRaised: z.array(money),
  totalSupporters: z.int().min(0),
  /** The ten who gave most in the first of these currencies. */
  leaderboard: z.array(money.extend({ rank: z.int(), display_name: z.string() })),
  /** When the supporters were last read in full, ISO 8601; null when that never succeeded. */
  syncedAt: z.string().nullable(),
})
export type SupportStats = z.output<typeof supportStats>

const total = sql<number>`sum(${supportContributions.amountMinor})::float8`.mapWith(Number)

const newestName = sql<
  string | null
>`(array_agg(${supportContributions.name} order by ${supportContributions.supportedAt} desc))[1]`

/** What was given and not paid back. What somebody gave without their name is not added to what they gave with it. */
export async function readSupportStats(db: Queryable): Promise<SupportStats> {
  const isPaid = eq(supportContributions.status, 'paid')
  const sums = await db
    .select({ currency: supportContributions.currency, amountMinor: total })
    .from(supportContributions)
    .where(isPaid)
    .groupBy(supportContributions.currency)
    .orderBy(sql`count(*) desc`, supportContributions.currency)
  const [people] = await db
    .select({ total: sql<number>`count(distinct ${supportContributions.supporterKey})::int` })
    .from(supportContributions)
    .where(isPaid)
  const main = sums[0]?.currency ?? ''
  const leaders = await db
    .select({ name: newestName, amountMinor: total })
    .from(supportContributions)
    .where(sql`${isPaid} and ${supportContributions.currency} = ${main}`)
    .groupBy(supportContributions.supporterKey, sql`${supportContributions.name} is null`)
    .orderBy(desc(total), sql`min(${supportContributions.supportedAt})`)
    .limit(10)
  const [sync] = await db.select({ syncedAt: supportSync.syncedAt }).from(supportSync)
  return {
    totalFundsRaised: sums,
    totalSupporters: people?.total ?? 0,
    leaderboard: leaders.map(({ name, amountMinor }, index) => ({
      rank: index + 1,
      display_name: name ?? 'Somebody',
      amountMinor,
      currency: main,
    })),
    syncedAt: sync?.syncedAt?.toISOString() ?? null,
  }
}
