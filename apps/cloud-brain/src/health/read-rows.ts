import { and, between, eq } from 'drizzle-orm'
import type { HealthRows } from '../analytics/health-rows.ts'
import type { UserId } from '../auth/user-id.ts'
import type { Database } from '../db/database.ts'
import { dailyMetrics, nutrition, sleep, weight, workouts } from '../db/schema/index.ts'

/**
 * Reads what the analytics need for the days `from` to `to`, both included. All of it is from one moment: an ingest that
 * commits meanwhile is seen whole or not at all.
 */
export function readHealthRows(
  db: Database,
  { userId, from, to }: { userId: UserId; from: string; to: string },
): Promise<HealthRows> {
  return db.transaction(
    async (tx) => ({
      workouts: await tx
        .select({
          source: workouts.source,
          date: workouts.localDate,
          originalId: workouts.originalId,
          startTime: workouts.startTime,
          durationSeconds: workouts.durationSeconds,
          distanceMeters: workouts.distanceMeters,
          calories: workouts.calories,
        })
        .from(workouts)
        .where(and(eq(workouts.userId, userId), between(workouts.localDate, from, to))),
      sleep: await tx
        .select({ source: sleep.source, date: sleep.date, hours: sleep.hours })
        .from(sleep)
        .where(and(eq(sleep.userId, userId), between(sleep.date, from, to))),
      nutrition: await tx
        .select({ source: nutrition.source, date: nutrition.date, calories: nutrition.calories })
        .from(nutrition)
        .where(and(eq(nutrition.userId, userId), between(nutrition.date, from, to))),
      weight: await tx
        .select({ source: weight.source, date: weight.date, weightKg: weight.weightKg })
        .from(weight)
        .where(and(eq(weight.userId, userId), between(weight.date, from, to))),
      dailyMetrics: await tx
        .select({
          source: dailyMetrics.source,
          date: dailyMetrics.date,
          steps: dailyMetrics.steps,
          activeCalories: dailyMetrics.activeCalories,
        })
        .from(dailyMetrics)
        .where(and(eq(dailyMetrics.userId, userId), between(dailyMetrics.date, from, to))),
    }),
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  )
}
