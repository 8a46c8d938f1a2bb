import { z } from '@hono/zod-openapi'
import { daysEnding } from '../local-day.ts'
import { toDailySummaries } from './daily-summary.ts'
import type { HealthRows } from './health-rows.ts'

export const WEEK_DAYS = 7

const week = <Item extends z.ZodType>(item: Item) => z.array(item).length(WEEK_DAYS)

/** Seven days as parallel arrays, oldest first; what nobody measured is null. */
export const WeeklyTrends = z
  .object({
    dates: week(z.iso.date()),
    steps: week(z.int().min(0).nullable()),
    calories_in: week(z.number().min(0).nullable()),
    calories_out: week(z.number().min(0).nullable()),
    sleep_hours: week(z.number().min(0).nullable()),
  })
  .openapi('WeeklyTrends')

export type WeeklyTrends = z.infer<typeof WeeklyTrends>

/** The week that ends with `end`, each day by the rules of the daily summary. */
export function toWeeklyTrends(end: string, rows: HealthRows): WeeklyTrends {
  const days = toDailySummaries(daysEnding(end, WEEK_DAYS), rows)
  return {
    dates: days.map(({ date }) => date),
    steps: days.map(({ steps }) => steps),
    calories_in: days.map(({ calories_consumed }) => calories_consumed),
    calories_out: days.map(({ calories_burned }) => calories_burned),
    sleep_hours: days.map(({ sleep_hours }) => sleep_hours),
  }
}
