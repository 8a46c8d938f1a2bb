import { z } from '@hono/zod-openapi'
import { IsoDate } from '../local-day.ts'
import { middleReading, mostComplete } from './best-source.ts'
import { distinctWorkouts } from './distinct-workouts.ts'
import type { HealthRows, WorkoutRow } from './health-rows.ts'

/** One day in figures; what nobody measured is null. */
export const DailySummary = z
  .object({
    date: IsoDate,
    steps: z.int().min(0).nullable(),
    calories_consumed: z.number().min(0).nullable(),
    calories_burned: z.number().min(0).nullable(),
    workouts_count: z.int().min(0),
    sleep_hours: z.number().min(0).nullable(),
    weight_kg: z.number().min(0).nullable(),
  })
  .openapi('DailySummary')

export type DailySummary = z.infer<typeof DailySummary>

/** An average walking step. */
const METERS_PER_STEP = 0.762

/** Sums up one day. Rows of other days are ignored. */
export function toDailySummary(date: string, rows: HealthRows): DailySummary {
  const onDay = <Row extends { date: string }>(all: readonly Row[]) => all.filter((row) => row.date === date)
  const workouts = distinctWorkouts(onDay(rows.workouts))
  const metrics = onDay(rows.dailyMetrics)
  return {
    date,
    steps: mostComplete(metrics.map(({ steps }) => steps)) ?? toSteps(workouts),
    calories_consumed: rounded(mostComplete(onDay(rows.nutrition).map(({ calories }) => calories))),
    calories_burned: rounded(
      mostComplete([...metrics.map(({ activeCalories }) => activeCalories), workoutCalories(workouts)]),
    ),
    workouts_count: workouts.length,
    sleep_hours: rounded(mostComplete(onDay(rows.sleep).map(({ hours }) => hours))),
    weight_kg: rounded(middleReading(onDay(rows.weight).map(({ weightKg }) => weightKg))),
  }
}

/** Sums up each of the days, in their order. Groups the rows first, so that a year costs little more than its rows. */
export function toDailySummaries(dates: readonly string[], rows: HealthRows): DailySummary[] {
  const workouts = groupByDay(rows.workouts)
  const sleep = groupByDay(rows.sleep)
  const nutrition = groupByDay(rows.nutrition)
  const weight = groupByDay(rows.weight)
  const dailyMetrics = groupByDay(rows.dailyMetrics)
  return dates.map((date) =>
    toDailySummary(date, {
      workouts: workouts.get(date) ?? [],
      sleep: sleep.get(date) ?? [],
      nutrition: nutrition.get(date) ?? [],
      weight: weight.get(date) ?? [],
      dailyMetrics: dailyMetrics.get(date) ?? [],
    }),
  )
}

function groupByDay<Row extends { date: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const group = groups.get(row.date)
    if (group) group.push(row)
    else groups.set(row.date, [row])
  }
  return groups
}

function toSteps(workouts: readonly WorkoutRow[]): number | null {
  const distances = workouts.map(({ distanceMeters }) => distanceMeters).filter((distance) => distance !== null)
  return distances.length === 0 ? null : Math.round(sum(distances) / METERS_PER_STEP)
}

/** A whole-day figure below what the workouts alone burned has missed them, so the larger of the two is the better source. */
function workoutCalories(workouts: readonly WorkoutRow[]): number | null {
  return workouts.length === 0 ? null : sum(workouts.map(({ calories }) => calories))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 100) / 100
}
