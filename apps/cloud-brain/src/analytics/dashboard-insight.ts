import { z } from '@hono/zod-openapi'
import { daysEnding } from '../local-day.ts'
import { toDailySummaries } from './daily-summary.ts'
import { GOAL_HISTORY_DAYS, type Goal, GoalProgress, toGoalProgress } from './goal-progress.ts'
import type { HealthRows } from './health-rows.ts'
import { toAmount, toWords } from './metric-words.ts'
import { METRICS, type Metric, Trend, trendOf } from './trend.ts'
import type { Units } from './units.ts'

const WINDOW_DAYS = 7
const NEARLY_PCT = 80

/** What the home screen shows. */
export const DashboardInsight = z
  .object({
    insight: z.string().openapi({ description: 'One or two sentences' }),
    goals: z.array(GoalProgress),
    trends: z.array(Trend),
  })
  .openapi('DashboardInsight')

export type DashboardInsight = z.infer<typeof DashboardInsight>

/** The goals, the trends of seven days, and the one thing most worth saying about them. */
export function toDashboardInsight(
  { date, units }: { date: string; units: Units },
  goals: readonly Goal[],
  rows: HealthRows,
): DashboardInsight {
  const days = toDailySummaries(daysEnding(date, GOAL_HISTORY_DAYS), rows)
  const progress = goals.map((goal) => toGoalProgress(goal, days))
  const recent = days.slice(-2 * WINDOW_DAYS)
  const trends = METRICS.map((metric) => trendOf({ metric, windowSize: WINDOW_DAYS }, recent))
  return { insight: toInsight(progress, trends, units), goals: progress, trends }
}

/**
 * In this order: an unmet goal at 80 % or more (the nearest), a trend in the wrong direction, all goals met, a trend in
 * the right direction, encouragement. What is right is what the user's goal says; without one more is better, except that
 * eating and weight have no direction of their own.
 */
function toInsight(goals: readonly GoalProgress[], trends: readonly Trend[], units: Units): string {
  const moving = trends.filter(({ trend }) => trend === 'up' || trend === 'down')
  const wayOf = ({ metric, trend }: Trend) => {
    const better = betterWhen(metric, goals)
    return better === undefined ? 'neither' : better === trend ? 'good' : 'bad'
  }
  const nearest = goals
    .filter(({ is_met, progress_pct }) => !is_met && progress_pct >= NEARLY_PCT)
    .toSorted((a, b) => b.progress_pct - a.progress_pct)[0]
  if (nearest) return nearlyThere(nearest, units)
  const worse = furthest(moving.filter((trend) => wayOf(trend) === 'bad'))
  if (worse) return `${sentence(worse)} A small step today turns it around.`
  if (goals.length > 0 && goals.every(({ is_met }) => is_met)) {
    return goals.length === 1 ? 'Your goal is met. Well done!' : `All ${goals.length} goals are met. Well done!`
  }
  const better = furthest(moving.filter((trend) => wayOf(trend) === 'good'))
  if (better) return `${sentence(better)} Keep it up!`
  return 'Every day counts. Keep going!'
}

function nearlyThere({ metric, progress_pct, remaining, direction }: GoalProgress, units: Units): string {
  const missing = toAmount(metric, remaining ?? 0, { units, decimals: 2 })
  const rest = direction === 'at_least' ? `${missing} to go` : `${missing} above your target`
  return `You are at ${progress_pct}% of your goal for ${toWords(metric).name}: ${rest}.`
}

function sentence({ metric, trend, percent_change }: Trend): string {
  const change = Math.abs(percent_change ?? 0)
  const { name, is } = toWords(metric)
  return `On average your ${name} ${is} ${trend} ${change}% on the week before.`
}

function furthest(trends: readonly Trend[]): Trend | undefined {
  return trends.toSorted((a, b) => Math.abs(b.percent_change ?? 0) - Math.abs(a.percent_change ?? 0))[0]
}

function betterWhen(metric: Metric, goals: readonly GoalProgress[]): 'up' | 'down' | undefined {
  const goal = goals.find((candidate) => candidate.metric === metric)
  if (goal) return goal.direction === 'at_least' ? 'up' : 'down'
  return metric === 'calories_consumed' || metric === 'weight_kg' ? undefined : 'up'
}
