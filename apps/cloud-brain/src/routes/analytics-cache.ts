import { z } from 'zod'
import { Correlation, toSleepActivity } from '../analytics/correlation.ts'
import { DailySummary, toDailySummary } from '../analytics/daily-summary.ts'
import { DashboardInsight, toDashboardInsight } from '../analytics/dashboard-insight.ts'
import { GOAL_HISTORY_DAYS, GoalList, toGoalList } from '../analytics/goal-progress.ts'
import { Metric, Trend, toTrend } from '../analytics/trend.ts'
import { toWeeklyTrends, WEEK_DAYS, WeeklyTrends } from '../analytics/weekly-trends.ts'
import { UserId } from '../auth/user-id.ts'
import type { CachedParts } from '../cached-parts.ts'
import { readGoals } from '../health/goals.ts'
import { preferencesTag, readPreferences } from '../health/preferences.ts'
import { readHealthRows } from '../health/read-rows.ts'
import { daysBack, goalsTag, rangeTags, userTag } from '../health/tags.ts'
import { IsoDate } from '../local-day.ts'

const UserDay = z.object({ userId: UserId, date: IsoDate })
const CorrelationInput = UserDay.extend({ days: z.int().min(7).max(365), lag: z.int().min(0).max(7) })
const TrendInput = UserDay.extend({ metric: Metric, windowSize: z.int().min(3).max(30) })

/** Every cached answer of the analytics. The whole input makes the key; `date` is a day, never "today". */
export type AnalyticsCache = ReturnType<typeof defineAnalytics>

/** Defines the cached analytics: each until its time is over or one of the days, goals or preferences it is made of changes. */
export function defineAnalytics({ db, cache, local }: CachedParts) {
  type Input = z.output<typeof UserDay>
  const rowsOf = ({ userId, date }: Input, days: number) => readHealthRows(db, { userId, ...daysBack(date, days) })
  const tagsOf = ({ userId, date }: Input, days: number) => [
    userTag(userId),
    ...rangeTags(userId, daysBack(date, days)),
  ]

  return {
    dailySummary: cache.define({
      ...local,
      name: 'analytics.daily-summary',
      ttl: '5m',
      input: UserDay,
      output: DailySummary,
      tags: (input) => tagsOf(input, 1),
      load: async (input) => toDailySummary(input.date, await rowsOf(input, 1)),
    }),
    weeklyTrends: cache.define({
      ...local,
      name: 'analytics.weekly-trends',
      ttl: '5m',
      input: UserDay,
      output: WeeklyTrends,
      tags: (input) => tagsOf(input, WEEK_DAYS),
      load: async (input) => toWeeklyTrends(input.date, await rowsOf(input, WEEK_DAYS)),
    }),
    sleepActivity: cache.define({
      ...local,
      name: 'analytics.sleep-activity',
      ttl: '15m',
      input: CorrelationInput,
      output: Correlation,
      tags: (input) => tagsOf(input, input.days),
      load: async ({ days, lag, ...input }) =>
        toSleepActivity({ end: input.date, days, lag }, await rowsOf(input, days)),
    }),
    trend: cache.define({
      ...local,
      name: 'analytics.trend',
      ttl: '5m',
      input: TrendInput,
      output: Trend,
      tags: (input) => tagsOf(input, input.windowSize * 2),
      load: async ({ metric, windowSize, ...input }) =>
        toTrend({ end: input.date, metric, windowSize }, await rowsOf(input, windowSize * 2)),
    }),
    goals: cache.define({
      ...local,
      name: 'analytics.goals',
      ttl: '5m',
      input: UserDay,
      output: GoalList,
      tags: (input) => [goalsTag(input.userId), ...tagsOf(input, GOAL_HISTORY_DAYS)],
      load: async (input) => {
        const [goals, rows] = await Promise.all([readGoals(db, input.userId), rowsOf(input, GOAL_HISTORY_DAYS)])
        return toGoalList(input.date, goals, rows)
      },
    }),
    dashboardInsight: cache.define({
      ...local,
      name: 'analytics.dashboard-insight',
      ttl: '5m',
      input: UserDay,
      output: DashboardInsight,
      // Its text is in the units of the preferences.
      tags: (input) => [goalsTag(input.userId), preferencesTag(input.userId), ...tagsOf(input, GOAL_HISTORY_DAYS)],
      load: async (input) => {
        const [goals, rows, { units }] = await Promise.all([
          readGoals(db, input.userId),
          rowsOf(input, GOAL_HISTORY_DAYS),
          readPreferences(db, input.userId),
        ])
        return toDashboardInsight({ date: input.date, units }, goals, rows)
      },
    }),
  }
}
