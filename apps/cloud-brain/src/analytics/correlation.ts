import { z } from '@hono/zod-openapi'
import { addDays, daysEnding } from '../local-day.ts'
import { toDailySummaries } from './daily-summary.ts'
import type { HealthRows } from './health-rows.ts'
import { type Pair, pearson } from './pearson.ts'
import { round } from './round.ts'

/** Fewer pairs than this say nothing. */
export const MIN_PAIRS = 5
const STRONG_ABOVE = 0.7
const MODERATE_ABOVE = 0.4

/** How one figure goes with another. */
export const Correlation = z
  .object({
    metric_x: z.literal('sleep_hours'),
    metric_y: z.literal('steps'),
    score: z
      .number()
      .min(-1)
      .max(1)
      .openapi({ description: "Pearson's coefficient, 4 decimals; 0 when there is none" }),
    message: z.string(),
    lag: z.int().min(0).openapi({ description: 'How many days after the night the steps were counted' }),
    data_points: z.int().min(0),
  })
  .openapi('Correlation')

export type Correlation = z.infer<typeof Correlation>

/**
 * Whether nights with more sleep go with days with more steps, over the `days` that end with `end`: the sleep of each day
 * with the steps `lag` days later, where both were measured and both days are among them.
 */
export function toSleepActivity(
  { end, days, lag }: { end: string; days: number; lag: number },
  rows: HealthRows,
): Correlation {
  const dates = daysEnding(end, days)
  const byDate = new Map(toDailySummaries(dates, rows).map((day) => [day.date, day]))
  const pairs: Pair[] = []
  for (const date of dates) {
    const sleep = byDate.get(date)?.sleep_hours ?? null
    const steps = byDate.get(addDays(date, lag))?.steps ?? null
    if (sleep !== null && steps !== null) pairs.push([sleep, steps])
  }
  const found = pairs.length < MIN_PAIRS ? undefined : pearson(pairs)
  const score = round(found ?? 0, 4)
  return {
    metric_x: 'sleep_hours',
    metric_y: 'steps',
    score,
    message: toMessage({ score, found: found !== undefined, points: pairs.length, lag }),
    lag,
    data_points: pairs.length,
  }
}

function toMessage(result: { score: number; found: boolean; points: number; lag: number }): string {
  const { score, found, points, lag } = result
  if (points < MIN_PAIRS) {
    return `Not enough data: ${points} of at least ${MIN_PAIRS} days have both sleep and steps`
  }
  if (!found) return 'No correlation can be computed: sleep or steps were the same on every day'
  const when = lag === 0 ? 'on the same day' : lag === 1 ? 'on the day after' : `${lag} days later`
  const strength = Math.abs(score) > STRONG_ABOVE ? 'strong' : Math.abs(score) > MODERATE_ABOVE ? 'moderate' : undefined
  if (strength === undefined) return `No clear connection between sleep and steps ${when}`
  const direction = score > 0 ? 'more' : 'fewer'
  return `A ${strength} connection: more sleep goes with ${direction} steps ${when}`
}
