import { describe, expect, it } from 'vitest'
import { UNMEASURED } from '../../test/unmeasured.ts'
import { daysEnding } from '../local-day.ts'
import type { DailySummary } from './daily-summary.ts'
import { defaultDirection, GOAL_HISTORY_DAYS, type Goal, GoalRequest, toGoalProgress } from './goal-progress.ts'
import { METRICS } from './trend.ts'

const END = '2026-03-29'

const goal = (change: Partial<Goal> = {}): Goal => ({
  metric: 'steps',
  period: 'daily',
  target: 10,
  direction: 'at_least',
  since: '2020-01-01',
  ...change,
})

/** A whole history; `figures` says what a day holds, by the number of days before the last. */
const history = (figures: (back: number) => Partial<DailySummary>): DailySummary[] =>
  daysEnding(END, GOAL_HISTORY_DAYS).map((date, index) => ({
    date,
    ...UNMEASURED,
    ...figures(GOAL_HISTORY_DAYS - 1 - index),
  }))

describe('toGoalProgress()', () => {
  const tenADay = history(() => ({ steps: 10 }))

  it.each(['daily', 'weekly'] as const)(
    'toGoalProgress() counts a %s streak of 365 days and no more, the oldest with a week of its own',
    (period) => {
      const target = period === 'daily' ? 10 : 70
      expect(toGoalProgress(goal({ period, target }), tenADay).streak_days).toBe(365)
    },
  )

  it('toGoalProgress() adds up the last 365 days of a long-term goal that is older, and gives it no streak', () => {
    expect(toGoalProgress(goal({ period: 'long_term', target: 3650 }), tenADay)).toMatchObject({
      current: 3650,
      is_met: true,
      streak_days: 0,
    })
  })

  it('toGoalProgress() of a day before a long-term goal was set is that day’s', () => {
    const later = goal({ period: 'long_term', since: '2026-04-02' })
    expect(toGoalProgress(later, tenADay)).toMatchObject({ current: 10, is_met: true })
  })

  it('toGoalProgress() takes a weight from within a year, the latest of several', () => {
    const weight = goal({ metric: 'weight_kg', period: 'long_term', target: 75, direction: 'at_most' })
    const readings = (...at: number[]) => history((back) => (at.includes(back) ? { weight_kg: 80 + back / 100 } : {}))
    expect(toGoalProgress(weight, readings(364, 20, 300)).current).toBe(80.2)
    expect(toGoalProgress(weight, readings(364)).current).toBe(83.64)
    expect(toGoalProgress(weight, readings(365))).toMatchObject({ current: null, remaining: null, progress_pct: 0 })
  })

  it('toGoalProgress() meets an upper bound that is reached exactly', () => {
    const bound = goal({ direction: 'at_most' })
    expect(toGoalProgress(bound, tenADay)).toMatchObject({ is_met: true, progress_pct: 100, remaining: 0 })
  })

  it('toGoalProgress() tells hours to a hundredth, however they add up', () => {
    const week = history((back) => (back < 3 ? { sleep_hours: 0.1 } : {}))
    expect(toGoalProgress(goal({ metric: 'sleep_hours', period: 'weekly', target: 1 }), week)).toMatchObject({
      current: 0.3,
      remaining: 0.7,
    })
  })
})

it('defaultDirection() is at_most for what one eats and weighs', () => {
  expect(METRICS.filter((metric) => defaultDirection(metric) === 'at_most')).toEqual(['calories_consumed', 'weight_kg'])
})

it.each([
  ['steps', 'daily', 1, 500_000],
  ['sleep_hours', 'weekly', 0.01, 168],
  ['weight_kg', 'long_term', 1, 1000],
] as const)('GoalRequest takes of %s, %s, %d to %d, both included', (metric, period, least, most) => {
  const takes = (target: number) => GoalRequest.safeParse({ metric, period, target }).success
  expect([least - 0.001, least, most, most + 0.001].map(takes)).toEqual([false, true, true, false])
})
