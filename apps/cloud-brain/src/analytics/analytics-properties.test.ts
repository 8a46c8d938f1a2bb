import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addDays } from '../local-day.ts'
import { toSleepActivity } from './correlation.ts'
import { toDashboardInsight } from './dashboard-insight.ts'
import type { Goal } from './goal-progress.ts'
import { toGoalList } from './goal-progress.ts'
import type { HealthRows } from './health-rows.ts'
import { toTrend } from './trend.ts'

const END = '2026-03-29'

/** Steps and sleep by days before END; null is "not measured". One source, so that a figure is what was stored. */
type Days = readonly { steps: number | null; hours: number | null }[]

const someDays = (length: number) =>
  fc.array(
    fc.record({
      steps: fc.option(fc.integer({ min: 0, max: 20_000 })),
      hours: fc.option(fc.integer({ min: 0, max: 48 }).map((half) => half / 2)),
    }),
    { minLength: length, maxLength: length },
  )

function toRows(days: Days): HealthRows {
  const dateOf = (back: number) => addDays(END, -back)
  return {
    workouts: [],
    nutrition: [],
    weight: [],
    sleep: days.flatMap(({ hours }, back) => (hours === null ? [] : [{ source: 'watch', date: dateOf(back), hours }])),
    dailyMetrics: days.flatMap(({ steps }, back) =>
      steps === null ? [] : [{ source: 'watch', date: dateOf(back), steps, activeCalories: null }],
    ),
  }
}

const stepsOf = (days: Days, from: number, count: number) =>
  days
    .slice(from, from + count)
    .map(({ steps }) => steps)
    .filter((steps) => steps !== null)
const sumOf = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

describe('toTrend()', () => {
  it('toTrend() agrees with a recomputation in whole numbers on random days', () => {
    fc.assert(
      fc.property(someDays(70), fc.integer({ min: 3, max: 30 }), (days, size) => {
        const trend = toTrend({ end: END, metric: 'steps', windowSize: size }, toRows(days))
        const [recent, previous] = [stepsOf(days, 0, size), stepsOf(days, size, size)]
        if (recent.length < 2 || previous.length < 2) {
          expect([trend.trend, trend.percent_change]).toEqual(['insufficient_data', null])
          return
        }
        const [now, before] = [sumOf(recent) * previous.length, sumOf(previous) * recent.length]
        const change = before === 0 ? (now > 0 ? 100 : 0) : ((now - before) / before) * 100
        expect(trend.percent_change).toBeCloseTo(change, 0)
        expect(Math.abs((trend.percent_change ?? 0) - change)).toBeLessThanOrEqual(0.0500001)
        expect(trend.recent_avg).toBeCloseTo(sumOf(recent) / recent.length, 1)
        expect(trend.previous_avg).toBeCloseTo(sumOf(previous) / previous.length, 1)
        const shown = trend.percent_change ?? 0
        expect(trend.trend).toBe(shown > 10 ? 'up' : shown < -10 ? 'down' : 'stable')
      }),
    )
  })

  it.each([
    ['100 % from zero', [0, 0, 0, 5, 5, 5], { trend: 'up', percent_change: 100 }],
    ['nothing from zero to zero', [0, 0, 0, 0, 0, 0], { trend: 'stable', percent_change: 0 }],
    ['stable at exactly 10 %', [100, 100, 100, 110, 110, 110], { trend: 'stable', percent_change: 10 }],
    ['up above it', [1000, 1000, 1000, 1101, 1101, 1101], { trend: 'up', percent_change: 10.1 }],
    ['stable at exactly -10 %', [100, 100, 100, 90, 90, 90], { trend: 'stable', percent_change: -10 }],
    ['what the means say, not what is shown of them', [0, 0, 1, 0, 1, 1], { percent_change: 100, recent_avg: 0.67 }],
    ['down below -10 %', [1000, 1000, 1000, 899, 899, 899], { trend: 'down', percent_change: -10.1 }],
  ])('toTrend() says %s', (_, oldestFirst, expected) => {
    const days = oldestFirst.toReversed().map((steps) => ({ steps, hours: null }))
    expect(toTrend({ end: END, metric: 'steps', windowSize: 3 }, toRows(days))).toMatchObject(expected)
  })

  it('toTrend() has too little data with one measured day in a window', () => {
    for (const figures of [
      [1, null, null, 1, 1, 1],
      [1, 1, 1, null, 1, null],
    ]) {
      const days = figures.map((steps) => ({ steps, hours: null }))
      expect(toTrend({ end: END, metric: 'steps', windowSize: 3 }, toRows(days))).toEqual({
        metric: 'steps',
        window_size: 3,
        trend: 'insufficient_data',
        percent_change: null,
        recent_avg: 1,
        previous_avg: 1,
      })
    }
  })
})

describe('toSleepActivity()', () => {
  it('toSleepActivity() pairs each night with the day that many days later, and agrees with raw sums', () => {
    fc.assert(
      fc.property(someDays(40), fc.integer({ min: 7, max: 40 }), fc.integer({ min: 0, max: 7 }), (days, count, lag) => {
        const answer = toSleepActivity({ end: END, days: count, lag }, toRows(days))
        const pairs: [number, number][] = []
        for (let back = lag; back < count; back += 1) {
          const [hours, steps] = [days[back]?.hours ?? null, days[back - lag]?.steps ?? null]
          if (hours !== null && steps !== null) pairs.push([hours * 2, steps])
        }
        expect([answer.data_points, answer.lag]).toEqual([pairs.length, lag])
        expect(Math.abs(answer.score - (pairs.length < 5 ? 0 : byRawSums(pairs)))).toBeLessThanOrEqual(0.0000501)
        expect(answer.message.startsWith('Not enough data')).toBe(pairs.length < 5)
      }),
    )
  })

  it.each([
    [[1, 2, 3, 4, 5], 1, 'A strong connection: more sleep goes with more steps on the same day'],
    [[5, 4, 3, 2, 1], -1, 'A strong connection: more sleep goes with fewer steps on the same day'],
    [[2, 1, 3, 3, 1], 0, 'No clear connection between sleep and steps on the same day'],
    [[3, 1, 2, 5, 3], 0.4264, 'A moderate connection: more sleep goes with more steps on the same day'],
    [[3, 1, 2, 4, 5], 0.7, 'A moderate connection: more sleep goes with more steps on the same day'],
    [[3, 5, 1, 2, 4], -0.1, 'No clear connection between sleep and steps on the same day'],
    [[1, 5, 2, 3, 4], 0.4, 'No clear connection between sleep and steps on the same day'],
    [[3, 5, 4, 1, 2], -0.6, 'A moderate connection: more sleep goes with fewer steps on the same day'],
    [[7, 7, 7, 7, 7], 0, 'No correlation can be computed: sleep or steps were the same on every day'],
    [[1, 2, 3, 4], 0, 'Not enough data: 4 of at least 5 days have both sleep and steps'],
  ])('toSleepActivity() says of %j what %d means', (steps, score, message) => {
    const days = steps.map((count, index) => ({ steps: count, hours: index + 1 }))
    const answer = toSleepActivity({ end: END, days: 7, lag: 0 }, toRows(days))
    expect(answer).toMatchObject({ score, message, data_points: steps.length })
  })

  it.each([
    [1, 'on the day after'],
    [2, '2 days later'],
  ])('toSleepActivity() says of a lag of %d %s', (lag, when) => {
    const days = Array.from({ length: 9 }, (_, index) => ({ steps: index ** 2, hours: index }))
    const { message } = toSleepActivity({ end: END, days: 9, lag }, toRows(days))
    expect(message).toBe(`A strong connection: more sleep goes with more steps ${when}`)
  })
})

function byRawSums(pairs: readonly [number, number][]): number {
  const n = pairs.length
  const [sx, sy] = [sumOf(pairs.map(([x]) => x)), sumOf(pairs.map(([, y]) => y))]
  const vx = n * sumOf(pairs.map(([x]) => x * x)) - sx * sx
  const vy = n * sumOf(pairs.map(([, y]) => y * y)) - sy * sy
  if (vx === 0 || vy === 0) return 0
  return (n * sumOf(pairs.map(([x, y]) => x * y)) - sx * sy) / Math.sqrt(vx * vy)
}

describe('toGoalList()', () => {
  const goal = (change: Partial<Goal> = {}): Goal => ({
    metric: 'steps',
    period: 'daily',
    target: 10_000,
    direction: 'at_least',
    since: '2026-03-20',
    ...change,
  })
  const progress = (change: Partial<Goal>, steps: readonly (number | null)[]) =>
    toGoalList(END, [goal(change)], toRows(steps.map((count) => ({ steps: count, hours: null })))).goals[0]

  it('toGoalList() agrees with a recomputation on random days', () => {
    const anyGoal = fc.record({
      period: fc.constantFrom('daily' as const, 'weekly' as const),
      direction: fc.constantFrom('at_least' as const, 'at_most' as const),
      target: fc.integer({ min: 1, max: 40_000 }),
    })
    fc.assert(
      fc.property(someDays(20), anyGoal, (days, change) => {
        const answer = toGoalList(END, [goal(change)], toRows(days)).goals[0]
        const span = change.period === 'daily' ? 1 : 7
        const valueAt = (back: number) => {
          const figures = stepsOf(days, back, span)
          return figures.length === 0 ? null : sumOf(figures)
        }
        const met = (back: number) => {
          const value = valueAt(back)
          if (value === null) return false
          return change.direction === 'at_least' ? value >= change.target : value <= change.target
        }
        let streak = 0
        for (let back = met(0) ? 0 : 1; met(back); back += 1) streak += 1
        expect(answer).toMatchObject({ current: valueAt(0), is_met: met(0), streak_days: streak })
        expect(answer?.progress_pct === 100).toBe(met(0))
        if (met(0)) expect(answer?.remaining).toBe(0)
        else if (valueAt(0) !== null) expect(answer?.remaining).toBe(Math.abs(change.target - (valueAt(0) ?? 0)))
      }),
    )
  })

  it.each([
    [
      'an unmet day',
      {},
      [8000, 10_000, 12_000, 9000],
      { current: 8000, progress_pct: 80, remaining: 2000, streak_days: 2 },
    ],
    ['a met day', {}, [10_000, 12_000, 9000], { progress_pct: 100, is_met: true, remaining: 0, streak_days: 2 }],
    [
      'a day nobody measured',
      {},
      [null, 10_000],
      { current: null, progress_pct: 0, remaining: 10_000, streak_days: 1 },
    ],
    ['99.99 %', {}, [9999], { progress_pct: 99.9, is_met: false }],
    [
      'a long-term goal, from the day it was set',
      { period: 'long_term' as const, since: '2026-03-28' },
      [100, 200, 300],
      { current: 300, streak_days: 0 },
    ],
    [
      'an upper bound that is passed',
      { direction: 'at_most' as const, target: 6000 },
      [8000],
      { progress_pct: 75, remaining: 2000, is_met: false },
    ],
  ])('toGoalList() counts %s', (_, change, steps, expected) => {
    expect(progress(change, steps)).toMatchObject(expected)
  })

  it('toGoalList() takes the latest reading for weight', () => {
    const rows = { ...toRows([]), weight: [{ source: 'scale', date: '2026-02-01', weightKg: 80 }] }
    const weight = goal({ metric: 'weight_kg', period: 'long_term', target: 75, direction: 'at_most' })
    expect(toGoalList(END, [weight], rows).goals[0]).toMatchObject({ current: 80, progress_pct: 93.7, remaining: 5 })
  })
})

describe('toDashboardInsight()', () => {
  const goal = (target: number, direction: Goal['direction'] = 'at_least'): Goal => ({
    metric: 'steps',
    period: 'daily',
    target,
    direction,
    since: END,
  })
  const week = (steps: number) => Array.from({ length: 7 }, () => ({ steps, hours: null }))
  const [rising, falling, level] = [[...week(200), ...week(100)], [...week(100), ...week(200)], week(100)]

  it.each([
    [
      'an unmet goal at 80 % or more first',
      [goal(120)],
      falling,
      'You are at 83.3% of your goal for steps: 20 steps to go.',
    ],
    [
      'then a falling trend',
      [goal(1000)],
      falling,
      'On average your steps are down 50% on the week before. A small step today turns it around.',
    ],
    [
      'the nearest of those, from 80 % on',
      [goal(125), { ...goal(7), metric: 'sleep_hours' as const }, goal(120)],
      falling,
      'You are at 83.3% of your goal for steps: 20 steps to go.',
    ],
    ['80 % as nearly', [goal(125)], falling, 'You are at 80% of your goal for steps: 25 steps to go.'],
    ['one step as one', [goal(101)], level, 'You are at 99% of your goal for steps: 1 step to go.'],
    ['then that all goals are met', [goal(100)], rising, 'Your goal is met. Well done!'],
    ['then a rising trend', [], rising, 'On average your steps are up 100% on the week before. Keep it up!'],
    ['then encouragement', [], level, 'Every day counts. Keep going!'],
    [
      'that rising is bad where the goal is an upper bound',
      [goal(100, 'at_most')],
      rising,
      'On average your steps are up 100% on the week before. A small step today turns it around.',
    ],
  ])('toDashboardInsight() says %s', (_, goals, days, insight) => {
    expect(toDashboardInsight({ date: END, units: 'metric' }, goals, toRows(days)).insight).toBe(insight)
  })

  it.each([
    [
      'more',
      [
        [8, 4],
        [150, 100],
      ],
      'On average your sleep is up 100% on the week before.',
    ],
    [
      'less',
      [
        [2, 4],
        [80, 100],
      ],
      'On average your sleep is down 50% on the week before.',
    ],
  ] as const)(
    'toDashboardInsight() says what changed most: %s',
    (_, [[hours, hoursBefore], [steps, before]], start) => {
      const days = [
        ...week(steps).map((day) => ({ ...day, hours })),
        ...week(before).map((day) => ({ ...day, hours: hoursBefore })),
      ]
      expect(toDashboardInsight({ date: END, units: 'metric' }, [], toRows(days)).insight).toContain(start)
    },
  )

  it('toDashboardInsight() has no opinion on eating more without a goal', () => {
    const nutrition = Array.from({ length: 14 }, (_, back) => ({
      source: 'diary',
      date: addDays(END, -back),
      calories: back < 7 ? 3000 : 2000,
    }))
    const { insight, trends } = toDashboardInsight({ date: END, units: 'metric' }, [], { ...toRows([]), nutrition })
    expect([insight, trends.find(({ metric }) => metric === 'calories_consumed')?.trend]).toEqual([
      'Every day counts. Keep going!',
      'up',
    ])
  })
})
