import { expect, it } from 'vitest'
import { toWeeklyTrends } from './weekly-trends.ts'

it('toWeeklyTrends() gives seven days, oldest first, with null for what is missing', () => {
  const source = 'watch'
  expect(
    toWeeklyTrends('2026-03-03', {
      workouts: [],
      weight: [],
      sleep: [{ source, date: '2026-03-03', hours: 7.5 }],
      nutrition: [{ source, date: '2026-02-28', calories: 2100 }],
      dailyMetrics: [
        { source, date: '2026-02-24', steps: 1, activeCalories: 10 },
        { source, date: '2026-02-25', steps: 2, activeCalories: 20 },
        { source, date: '2026-03-03', steps: 3, activeCalories: null },
      ],
    }),
  ).toEqual({
    dates: ['2026-02-25', '2026-02-26', '2026-02-27', '2026-02-28', '2026-03-01', '2026-03-02', '2026-03-03'],
    steps: [2, null, null, null, null, null, 3],
    calories_in: [null, null, null, 2100, null, null, null],
    calories_out: [20, null, null, null, null, null, null],
    sleep_hours: [null, null, null, null, null, null, 7.5],
  })
})
