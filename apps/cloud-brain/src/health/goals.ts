import { asc, eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import { defaultDirection, type Goal, GoalDirection, type GoalRequest, Period } from '../analytics/goal-progress.ts'
import { Metric } from '../analytics/trend.ts'
import type { UserId } from '../auth/user-id.ts'
import type { Database, Transaction } from '../db/database.ts'
import { goals } from '../db/schema/index.ts'
import { IsoDate } from '../local-day.ts'
import type { Outbox } from './outbox.ts'
import { lockUser } from './preferences.ts'
import { goalsTag } from './tags.ts'

const GoalRow = z.object({
  metric: Metric,
  period: Period,
  direction: GoalDirection,
  target: z.number(),
  since: IsoDate,
})

/** A user's goals, ordered by metric. One query. */
export async function readGoals(db: Database | Transaction, userId: UserId): Promise<Goal[]> {
  const { metric, period, direction, target, since } = goals
  const rows = await db
    .select({ metric, period, direction, target, since })
    .from(goals)
    .where(eq(goals.userId, userId))
    .orderBy(asc(goals.metric))
  return z.array(GoalRow).parse(rows)
}

/**
 * Sets the goal for a metric, in the place of the one that was there; that one's first day is kept. Resolves when readers
 * of this process can no longer meet an older answer.
 *
 * @param today the local day that a new goal starts on
 */
export async function setGoal(
  { db, outbox }: { db: Database; outbox: Outbox },
  { userId, today }: { userId: UserId; today: string },
  request: z.infer<typeof GoalRequest>,
): Promise<void> {
  const { metric, period, target, direction = defaultDirection(metric) } = request
  const pending = await db.transaction(async (tx) => {
    await lockUser(tx, userId)
    await tx
      .insert(goals)
      .values({ userId, metric, period, target, direction, since: today })
      .onConflictDoUpdate({
        target: [goals.userId, goals.metric],
        set: { period, target, direction, updatedAt: sql`now()` },
      })
    return outbox.write(tx, { userId, tags: [goalsTag(userId)] })
  })
  await outbox.deliver(pending)
}
