import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DailySummary, toDailySummary } from './daily-summary.ts'
import type { HealthRows, WorkoutRow } from './health-rows.ts'

const DATE = '2026-03-28'
const NOTHING: HealthRows = { workouts: [], sleep: [], nutrition: [], weight: [], dailyMetrics: [] }

const run = (source: string, distanceMeters: number | null, calories = 300): WorkoutRow => ({
  source,
  originalId: `${source}-1`,
  date: DATE,
  startTime: new Date('2026-03-28T07:00:00Z'),
  durationSeconds: 1800,
  distanceMeters,
  calories,
})
const metrics = (source: string, steps: number | null, activeCalories: number | null = null) => ({
  source,
  date: DATE,
  steps,
  activeCalories,
})
const summary = (rows: Partial<HealthRows>) => toDailySummary(DATE, { ...NOTHING, ...rows })

describe('toDailySummary()', () => {
  it('toDailySummary() says null for what nobody measured', () => {
    expect(summary({})).toEqual({
      date: '2026-03-28',
      steps: null,
      calories_consumed: null,
      calories_burned: null,
      workouts_count: 0,
      sleep_hours: null,
      weight_kg: null,
    })
  })

  it('toDailySummary() takes the best source of a day, never the sum', () => {
    const day = { date: DATE }
    expect(
      summary({
        dailyMetrics: [metrics('phone', 5000, 120), metrics('watch', 8000, 410)],
        sleep: [
          { ...day, source: 'phone', hours: 6.5 },
          { ...day, source: 'watch', hours: 7.25 },
        ],
        nutrition: [
          { ...day, source: 'diary', calories: 2100 },
          { ...day, source: 'other', calories: 900 },
        ],
        weight: [
          { ...day, source: 'a', weightKg: 78.2 },
          { ...day, source: 'b', weightKg: 7.82 },
          { ...day, source: 'c', weightKg: 78.4 },
        ],
      }),
    ).toEqual({
      date: '2026-03-28',
      steps: 8000,
      calories_consumed: 2100,
      calories_burned: 410,
      workouts_count: 0,
      sleep_hours: 7.25,
      weight_kg: 78.2,
    })
  })

  it('toDailySummary() makes steps of workout distance only where daily metrics have none', () => {
    expect(summary({ workouts: [run('watch', 7620)] }).steps).toBe(10_000)
    expect(summary({ workouts: [run('watch', 7620)], dailyMetrics: [metrics('watch', null, 400)] }).steps).toBe(10_000)
    expect(summary({ workouts: [run('watch', 7620)], dailyMetrics: [metrics('watch', 0)] }).steps).toBe(0)
    expect(summary({ workouts: [run('watch', null)] }).steps).toBeNull()
  })

  it('toDailySummary() counts a duplicated workout once', () => {
    const { workouts_count, steps, calories_burned } = summary({ workouts: [run('watch', 7620), run('strava', 7620)] })
    expect({ workouts_count, steps, calories_burned }).toEqual({
      workouts_count: 1,
      steps: 10_000,
      calories_burned: 300,
    })
  })

  it('toDailySummary() burns at least what the workouts burned', () => {
    const workouts = [run('watch', 5000, 320)]
    expect(summary({ workouts, dailyMetrics: [metrics('phone', 4000, 150)] }).calories_burned).toBe(320)
    expect(summary({ workouts, dailyMetrics: [metrics('watch', 9000, 640)] }).calories_burned).toBe(640)
  })

  it('toDailySummary() tells amounts to a hundredth', () => {
    const day = { source: 'a', date: DATE }
    const { sleep_hours, weight_kg } = summary({
      sleep: [{ ...day, hours: 7.256 }],
      weight: [{ ...day, weightKg: 78.1999 }],
    })
    expect([sleep_hours, weight_kg]).toEqual([7.26, 78.2])
  })

  it('toDailySummary() ignores other days', () => {
    expect(summary({ dailyMetrics: [{ ...metrics('watch', 9000), date: '2026-03-27' }] }).steps).toBeNull()
  })

  it('toDailySummary() always matches its schema', () => {
    const amount = fc.double({ min: 0, max: 50_000, noNaN: true })
    const rows = fc.record({
      source: fc.string(),
      date: fc.constant(DATE),
      steps: fc.option(fc.nat(500_000)),
      activeCalories: fc.option(amount),
      distanceMeters: fc.option(amount),
      calories: amount,
      hours: fc.double({ min: 0, max: 24, noNaN: true }),
      weightKg: amount,
      originalId: fc.uuid(),
      startTime: fc.constant(new Date(`${DATE}T07:00:00Z`)),
      durationSeconds: fc.nat(86_400),
    })
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 6 }), (all) => {
        const result = toDailySummary(DATE, {
          workouts: all,
          sleep: all,
          nutrition: all,
          weight: all,
          dailyMetrics: all,
        })
        expect(DailySummary.parse(result)).toEqual(result)
      }),
    )
  })
})
