import { z } from '@hono/zod-openapi'
import { daysEnding } from '../local-day.ts'
import { type DailySummary, toDailySummaries } from './daily-summary.ts'
import type { HealthRows } from './health-rows.ts'
import { mean, round } from './round.ts'

/** The figures that trends and goals are made of: those of the daily summary. */
export const METRICS = [
  'steps',
  'calories_consumed',
  'calories_burned',
  'workouts_count',
  'sleep_hours',
  'weight_kg',
] as const satisfies readonly (keyof DailySummary)[]

export const Metric = z.enum(METRICS)
export type Metric = z.infer<typeof Metric>

/** A mean of fewer days than this is chance. */
const MIN_DAYS = 2
const STABLE_WITHIN_PCT = 10

/** Where a figure is going. */
export const Trend = z
  .object({
    metric: Metric,
    window_size: z.int(),
    trend: z.enum(['up', 'down', 'stable', 'insufficient_data']),
    percent_change: z.number().nullable().openapi({ description: '1 decimal; null when there is not enough data' }),
    recent_avg: z.number().nullable().openapi({ description: 'Mean of the days that have the figure' }),
    previous_avg: z.number().nullable(),
  })
  .openapi('Trend')

export type Trend = z.infer<typeof Trend>

/**
 * Compares the `windowSize` days that end with `end` to as many before them. Means are of the days that have the figure;
 * either window needs two of these. Within 10 % either way is stable; from a mean of zero to any other is 100 %.
 */
export function toTrend(
  { end, metric, windowSize }: { end: string; metric: Metric; windowSize: number },
  rows: HealthRows,
): Trend {
  return trendOf({ metric, windowSize }, toDailySummaries(daysEnding(end, windowSize * 2), rows))
}

/** The same, of days that are summed up already: `2 * windowSize` of them, oldest first. */
export function trendOf(
  { metric, windowSize }: { metric: Metric; windowSize: number },
  days: readonly DailySummary[],
): Trend {
  const figures = (some: readonly DailySummary[]) => some.map((day) => day[metric]).filter((value) => value !== null)
  const previous = figures(days.slice(0, windowSize))
  const recent = figures(days.slice(windowSize))
  const averages = {
    recent_avg: recent.length === 0 ? null : round(mean(recent), 2),
    previous_avg: previous.length === 0 ? null : round(mean(previous), 2),
  }
  if (previous.length < MIN_DAYS || recent.length < MIN_DAYS) {
    return { metric, window_size: windowSize, trend: 'insufficient_data', percent_change: null, ...averages }
  }
  const change = percentChange(mean(previous), mean(recent))
  return { metric, window_size: windowSize, trend: toDirection(change), percent_change: change, ...averages }
}

function percentChange(previous: number, recent: number): number {
  if (previous === 0) return recent > 0 ? 100 : 0
  return round(((recent - previous) / previous) * 100, 1)
}

/** From the rounded figure, so that an answer never contradicts itself. */
function toDirection(change: number): 'up' | 'down' | 'stable' {
  if (change > STABLE_WITHIN_PCT) return 'up'
  return change < -STABLE_WITHIN_PCT ? 'down' : 'stable'
}
