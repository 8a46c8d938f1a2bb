import { z } from '@hono/zod-openapi'
import { daysEnding, IsoDate } from '../local-day.ts'
import { type DailySummary, toDailySummaries } from './daily-summary.ts'
import type { HealthRows } from './health-rows.ts'
import { ITEM_MAXIMA } from './item-maxima.ts'
import { round } from './round.ts'
import { METRICS, Metric } from './trend.ts'

const WEEK_DAYS = 7
/** Longest streak that is counted, and how far back a long-term goal looks. */
const LONGEST_DAYS = 365
/** What the progress of a day is computed from: the oldest day of a streak needs its own week. */
export const GOAL_HISTORY_DAYS = LONGEST_DAYS + WEEK_DAYS - 1

export const Period = z.enum(['daily', 'weekly', 'long_term'])
export const GoalDirection = z.enum(['at_least', 'at_most'])

const PERIOD_DAYS = { daily: 1, weekly: WEEK_DAYS, long_term: LONGEST_DAYS } as const
const PERIOD_WORDS = { daily: 'daily', weekly: 'weekly', long_term: 'long-term' } as const

/** The most that a goal asks of one day: what one item says of it; of workouts, how many a day holds. */
const MOST_OF_A_DAY = { ...ITEM_MAXIMA, workouts_count: 500 } as const satisfies Record<Metric, number>

/** What a target must lie between, both included. Figures add up over the days of a period; of weight one reading counts. */
function targetRange(metric: Metric, period: z.infer<typeof Period>): { least: number; most: number } {
  const days = metric === 'weight_kg' ? 1 : PERIOD_DAYS[period]
  // Nobody aims at less than one of anything; sleep is told to a hundredth of an hour.
  return { least: metric === 'sleep_hours' ? 0.01 : 1, most: MOST_OF_A_DAY[metric] * days }
}

const TARGET_RANGES = METRICS.map((metric) => {
  const { least, most } = targetRange(metric, 'daily')
  return `${metric} ${least} to ${most}`
}).join(', ')

/** What a user aims at. One goal for each metric. */
export const GoalRequest = z
  .strictObject({
    metric: Metric,
    period: Period,
    target: z.number().openapi({
      minimum: 0.01,
      maximum: targetRange('steps', 'long_term').most,
      description: `For a daily goal ${TARGET_RANGES}. For a weekly one up to ${PERIOD_DAYS.weekly} times as much, for a long-term one ${PERIOD_DAYS.long_term} times; of weight_kg always the same`,
    }),
    direction: GoalDirection.optional().openapi({
      description: 'Default: at_most for calories_consumed and weight_kg, at_least for the others',
    }),
  })
  .superRefine(({ metric, period, target }, context) => {
    const { least, most } = targetRange(metric, period)
    if (target >= least && target <= most) return
    const message = `must be from ${least} to ${most} for a ${PERIOD_WORDS[period]} goal of ${metric}`
    context.addIssue({ code: 'custom', path: ['target'], message })
  })
  .openapi('GoalRequest')

/** A goal as it is stored. `since` is the local day it was first set. */
export type Goal = {
  metric: Metric
  period: z.infer<typeof Period>
  target: number
  direction: z.infer<typeof GoalDirection>
  since: string
}

export const GoalProgress = z
  .object({
    metric: Metric,
    period: Period,
    direction: GoalDirection,
    target: z.number().positive(),
    current: z.number().nullable().openapi({ description: 'null when nobody measured it' }),
    progress_pct: z.number().min(0).max(100),
    is_met: z.boolean(),
    remaining: z.number().min(0).nullable().openapi({ description: 'How far the target is away; 0 when met' }),
    streak_days: z.int().min(0).max(LONGEST_DAYS),
  })
  .openapi('GoalProgress')

export type GoalProgress = z.infer<typeof GoalProgress>

export const GoalList = z.object({ date: IsoDate, goals: z.array(GoalProgress) }).openapi('GoalList')
export type GoalList = z.infer<typeof GoalList>

/** What counts as better when the user does not say. */
export function defaultDirection(metric: Metric): Goal['direction'] {
  return metric === 'calories_consumed' || metric === 'weight_kg' ? 'at_most' : 'at_least'
}

/** How far each goal has come on `date`, in the order of the goals. */
export function toGoalList(date: string, goals: readonly Goal[], rows: HealthRows): GoalList {
  const days = toDailySummaries(daysEnding(date, GOAL_HISTORY_DAYS), rows)
  return { date, goals: goals.map((goal) => toGoalProgress(goal, days)) }
}

/**
 * How far one goal has come, from {@link GOAL_HISTORY_DAYS} days, oldest first, the last being the day it is about.
 *
 * Daily: that day. Weekly: the seven days that end with it. Long term: from the day the goal was set, at most a year.
 * Figures add up over days; of weight the latest reading counts. A streak is the number of days in a row, up to this one,
 * on which the goal was met; while today is not met, up to yesterday. A long-term goal has none.
 */
export function toGoalProgress(goal: Goal, days: readonly DailySummary[]): GoalProgress {
  const { metric, period, direction, target } = goal
  const current = currentOf(goal, days, days.length - 1)
  const isMet = meets(goal, current)
  return {
    metric,
    period,
    direction,
    target,
    current: current === null ? null : round(current, 2),
    progress_pct: toPercent(goal, current),
    is_met: isMet,
    remaining: isMet ? 0 : toRemaining(goal, current),
    streak_days: period === 'long_term' ? 0 : streakOf(goal, days),
  }
}

function currentOf(goal: Goal, days: readonly DailySummary[], index: number): number | null {
  const first = firstIndex(goal, days, index)
  const figures = days
    .slice(Math.max(0, first), index + 1)
    .map((day) => day[goal.metric])
    .filter((value) => value !== null)
  if (figures.length === 0) return null
  if (goal.metric === 'weight_kg') return figures.at(-1) ?? null
  return figures.reduce((sum, value) => sum + value, 0)
}

function firstIndex({ metric, period, since }: Goal, days: readonly DailySummary[], index: number): number {
  switch (period) {
    case 'daily':
      return index
    case 'weekly':
      return index - WEEK_DAYS + 1
    case 'long_term': {
      const yearAgo = index - LONGEST_DAYS + 1
      // The last reading before the goal was set is still today's weight.
      if (metric === 'weight_kg') return yearAgo
      const start = days.findIndex(({ date }) => date >= since)
      return start === -1 ? index : Math.max(yearAgo, Math.min(start, index))
    }
    default:
      return period satisfies never
  }
}

function meets({ direction, target }: Goal, current: number | null): boolean {
  if (current === null) return false
  return direction === 'at_least' ? current >= target : current <= target
}

/** Rounded down, so that 100 means met. */
function toPercent(goal: Goal, current: number | null): number {
  if (meets(goal, current)) return 100
  if (current === null) return 0
  const share = goal.direction === 'at_least' ? current / goal.target : goal.target / current
  return Math.min(99.9, Math.floor(share * 1000) / 10)
}

function toRemaining({ direction, target }: Goal, current: number | null): number | null {
  if (direction === 'at_least') return round(target - (current ?? 0), 2)
  return current === null ? null : round(current - target, 2)
}

function streakOf(goal: Goal, days: readonly DailySummary[]): number {
  const last = days.length - 1
  const metOn = (index: number) => meets(goal, currentOf(goal, days, index))
  let index = metOn(last) ? last : last - 1
  let streak = 0
  while (index >= 0 && streak < LONGEST_DAYS && metOn(index)) {
    streak += 1
    index -= 1
  }
  return streak
}
