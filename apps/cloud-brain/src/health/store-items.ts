import { and, eq, getTableColumns, inArray, type SQL, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { UserId } from '../auth/user-id.ts'
import type { Transaction } from '../db/database.ts'
import { dailyMetrics, nutrition, sleep, weight, workouts } from '../db/schema/index.ts'
import { toLocalDay } from '../local-day.ts'
import type { BatchItems } from './ingest-batch.ts'

/** Whose rows are written, what they are called, and in which timezone an instant becomes a day. */
export type Owner = { userId: UserId; source: string; timezone: string }

/**
 * Writes accepted items, one statement per table. An item that is there already (same user, source and day or id) is
 * replaced; of daily metrics only the fields that were sent.
 *
 * @returns the local days whose figures may have changed, sorted
 */
export async function storeItems(tx: Transaction, owner: Owner, items: BatchItems): Promise<string[]> {
  const dates = new Set<string>()
  for (const date of await storeWorkouts(tx, owner, items.workouts)) dates.add(date)
  await storeSleep(tx, owner, items.sleep)
  await storeNutrition(tx, owner, items.nutrition)
  await storeWeight(tx, owner, items.weight)
  await storeDailyMetrics(tx, owner, items.daily_metrics)
  for (const { date } of [...items.sleep, ...items.nutrition, ...items.weight, ...items.daily_metrics]) dates.add(date)
  return [...dates].sort()
}

async function storeWorkouts(tx: Transaction, owner: Owner, items: BatchItems['workouts']): Promise<string[]> {
  const { userId, source, timezone } = owner
  const rows = lastOf(items, ({ original_id }) => original_id).map((item) => {
    const startTime = new Date(item.start_time)
    return {
      userId,
      source,
      originalId: item.original_id,
      activityType: item.activity_type,
      startTime,
      localDate: toLocalDay(startTime, timezone),
      durationSeconds: item.duration_seconds,
      distanceMeters: item.distance_meters ?? null,
      calories: item.calories,
    }
  })
  if (rows.length === 0) return []
  const ids = rows.map(({ originalId }) => originalId)
  // A workout that moves to another day changes the day it leaves, too.
  const left = await tx
    .select({ date: workouts.localDate })
    .from(workouts)
    .where(and(eq(workouts.userId, userId), eq(workouts.source, source), inArray(workouts.originalId, ids)))
  await tx
    .insert(workouts)
    .values(rows)
    .onConflictDoUpdate({
      target: [workouts.userId, workouts.source, workouts.originalId],
      set: replacing(workouts, ['userId', 'source', 'originalId']),
    })
  return [...left.map(({ date }) => date), ...rows.map(({ localDate }) => localDate)]
}

async function storeSleep(tx: Transaction, { userId, source }: Owner, items: BatchItems['sleep']): Promise<void> {
  const rows = lastOf(items, ({ date }) => date).map((item) => ({
    userId,
    source,
    date: item.date,
    hours: item.hours,
    qualityScore: item.quality_score ?? null,
  }))
  if (rows.length === 0) return
  await tx
    .insert(sleep)
    .values(rows)
    .onConflictDoUpdate({
      target: [sleep.userId, sleep.source, sleep.date],
      set: replacing(sleep, ['userId', 'source', 'date']),
    })
}

async function storeNutrition(
  tx: Transaction,
  { userId, source }: Owner,
  items: BatchItems['nutrition'],
): Promise<void> {
  const rows = lastOf(items, ({ date }) => date).map((item) => ({
    userId,
    source,
    date: item.date,
    calories: item.calories,
    proteinGrams: item.protein_grams ?? null,
    carbsGrams: item.carbs_grams ?? null,
    fatGrams: item.fat_grams ?? null,
  }))
  if (rows.length === 0) return
  await tx
    .insert(nutrition)
    .values(rows)
    .onConflictDoUpdate({
      target: [nutrition.userId, nutrition.source, nutrition.date],
      set: replacing(nutrition, ['userId', 'source', 'date']),
    })
}

async function storeWeight(tx: Transaction, { userId, source }: Owner, items: BatchItems['weight']): Promise<void> {
  const rows = lastOf(items, ({ date }) => date).map(({ date, weight_kg }) => ({
    userId,
    source,
    date,
    weightKg: weight_kg,
  }))
  if (rows.length === 0) return
  await tx
    .insert(weight)
    .values(rows)
    .onConflictDoUpdate({
      target: [weight.userId, weight.source, weight.date],
      set: replacing(weight, ['userId', 'source', 'date']),
    })
}

async function storeDailyMetrics(
  tx: Transaction,
  { userId, source }: Owner,
  items: BatchItems['daily_metrics'],
): Promise<void> {
  const rows = mergedByDate(items).map((item) => ({
    userId,
    source,
    date: item.date,
    steps: item.steps ?? null,
    activeCalories: item.active_calories ?? null,
    restingHeartRate: item.resting_heart_rate ?? null,
    hrvMs: item.hrv_ms ?? null,
    vo2Max: item.vo2_max ?? null,
    distanceMeters: item.distance_meters ?? null,
    flightsClimbed: item.flights_climbed ?? null,
    bodyFatPercentage: item.body_fat_percentage ?? null,
    respiratoryRate: item.respiratory_rate ?? null,
    oxygenSaturation: item.oxygen_saturation ?? null,
    heartRateAvg: item.heart_rate_avg ?? null,
  }))
  if (rows.length === 0) return
  await tx
    .insert(dailyMetrics)
    .values(rows)
    .onConflictDoUpdate({
      target: [dailyMetrics.userId, dailyMetrics.source, dailyMetrics.date],
      set: filling(dailyMetrics, ['userId', 'source', 'date']),
    })
}

/** For `on conflict do update`: every column but the named ones takes the new value. */
function replacing(table: PgTable, fixed: readonly string[]): Record<string, SQL> {
  return columnsOf(table, fixed, (column) => sql`excluded.${sql.identifier(column.name)}`)
}

/** The same, but a null leaves the old value in place. */
function filling(table: PgTable, fixed: readonly string[]): Record<string, SQL> {
  return columnsOf(table, fixed, (column) => sql`coalesce(excluded.${sql.identifier(column.name)}, ${column})`)
}

function columnsOf(table: PgTable, fixed: readonly string[], toSql: (column: PgColumn) => SQL): Record<string, SQL> {
  const columns: Record<string, PgColumn> = getTableColumns(table)
  return Object.fromEntries(
    Object.entries(columns)
      .filter(([name]) => !fixed.includes(name))
      .map(([name, column]) => [name, toSql(column)]),
  )
}

/** One statement must not meet the same row twice; within a batch the later item wins. */
function lastOf<Item>(items: readonly Item[], toKey: (item: Item) => string): Item[] {
  return [...new Map(items.map((item) => [toKey(item), item])).values()]
}

function mergedByDate(items: BatchItems['daily_metrics']): BatchItems['daily_metrics'] {
  const byDate = new Map<string, BatchItems['daily_metrics'][number]>()
  for (const item of items) {
    const sent = Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null && value !== undefined))
    byDate.set(item.date, { ...byDate.get(item.date), ...sent, date: item.date })
  }
  return [...byDate.values()]
}
