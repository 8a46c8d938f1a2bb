import type { z } from 'zod'
import type { GoalRequest } from '../analytics/goal-progress.ts'
import { DEMO_EMAIL, DEMO_USER } from '../auth/development-issuer.ts'
import { UserId } from '../auth/user-id.ts'
import type { PreferencesPatch } from '../health/preferences.ts'

/** From the lowest to the highest that is usual, both included. */
export type Range = readonly [low: number, high: number]

/** What is usual for a person on one day while they are well. */
export type UsualDay = {
  steps: Range
  sleepHours: Range
  sleepQuality: Range
  restingHeartRate: Range
  hrvMs: Range
  /** Noted in the diary; undefined: nothing was. */
  calories?: Range
  workout?: PlannedWorkout
}

/** `startsAt` is the hour in UTC. Without meters there is no distance to measure. */
export type PlannedWorkout = {
  activity: string
  startsAt: number
  minutes: Range
  meters?: Range
  caloriesPerMinute: number
}

/** A day of the calendar as a person meets it. `progress` goes from 0 on the first of the generated days to 1 on the last. */
export type CalendarDay = { weekday: number; dayNumber: number; progress: number }

/** A made-up person. Their days, devices and wishes are their own; illness, a forgotten watch and a run seen twice come to all. */
export type Persona = {
  name: string
  userId: UserId
  email: string
  about: string
  watch: string
  /** What the watch can measure besides steps, sleep and workouts. */
  measures: readonly ('hrv' | 'oxygen')[]
  weightKg: { from: number; to: number; everyDays: number }
  preferences?: PreferencesPatch
  goals: readonly z.infer<typeof GoalRequest>[]
  usual(day: CalendarDay): UsualDay
}

const [SUNDAY, TUESDAY, THURSDAY, SATURDAY] = [0, 2, 4, 6]
const between = (from: number, to: number, progress: number) => from + (to - from) * progress
const around = (middle: number, width: number): Range => [Math.round(middle - width), Math.round(middle + width)]

const RUNS = new Map([
  [TUESDAY, 6000],
  [THURSDAY, 8000],
  [SATURDAY, 14_000],
])

const runner: Persona = {
  name: 'runner',
  userId: DEMO_USER,
  email: DEMO_EMAIL,
  about: 'Trains for a half marathon: short runs on Tuesdays and Thursdays, a long one on Saturdays',
  watch: 'apple_watch',
  measures: ['hrv', 'oxygen'],
  weightKg: { from: 78.4, to: 77.2, everyDays: 2 },
  goals: [
    { metric: 'steps', period: 'daily', target: 10_000 },
    { metric: 'workouts_count', period: 'weekly', target: 3 },
  ],
  usual({ weekday }) {
    const isWeekend = weekday === SUNDAY || weekday === SATURDAY
    const meters = RUNS.get(weekday)
    return {
      steps: isWeekend ? [5200, 9800] : [6400, 9200],
      sleepHours: isWeekend ? [7.3, 8.5] : [6.3, 7.5],
      sleepQuality: isWeekend ? [78, 92] : [72, 88],
      restingHeartRate: [52, 57],
      hrvMs: [52, 78],
      calories: isWeekend ? [2200, 2700] : [1950, 2450],
      ...(meters !== undefined && {
        workout: {
          activity: 'running',
          startsAt: 6,
          minutes: [meters / 182, meters / 168],
          meters: [meters * 0.9, meters * 1.1],
          caloriesPerMinute: 11.5,
        },
      }),
    }
  },
}

/** Four nights on, four off. Nights at work are long walks, the sleep after them short and by day. */
const nurse: Persona = {
  name: 'night-nurse',
  userId: UserId.parse('5eed0000-0000-4000-8000-000000000002'),
  email: 'nurse@cloud-brain.invalid',
  about: 'Works four nights and is off for four: sleeps by day after a shift, swims when she is off',
  watch: 'garmin_watch',
  measures: ['hrv', 'oxygen'],
  weightKg: { from: 64.8, to: 65.1, everyDays: 4 },
  preferences: { timezone: 'Europe/Lisbon', coach_persona: 'gentle' },
  goals: [
    { metric: 'sleep_hours', period: 'daily', target: 7 },
    { metric: 'steps', period: 'weekly', target: 60_000 },
  ],
  usual({ dayNumber }) {
    const turn = dayNumber % 8
    if (turn < 4) {
      return {
        steps: [11_500, 15_500],
        sleepHours: [4.6, 6.2],
        sleepQuality: [54, 70],
        restingHeartRate: [60, 66],
        hrvMs: [34, 48],
        calories: [1500, 2300],
      }
    }
    return {
      steps: [3800, 7600],
      // The first day off makes up for the nights.
      sleepHours: turn === 4 ? [8.6, 10.2] : [7.2, 8.6],
      sleepQuality: [74, 90],
      restingHeartRate: [54, 59],
      hrvMs: [48, 66],
      calories: [1700, 2200],
      ...((turn === 5 || turn === 7) && {
        workout: { activity: 'swimming', startsAt: 17, minutes: [35, 50], meters: [1200, 1900], caloriesPerMinute: 8 },
      }),
    }
  },
}

/** Walks a little more every week, and writes down what was eaten when it comes to mind. */
const beginner: Persona = {
  name: 'beginner',
  userId: UserId.parse('5eed0000-0000-4000-8000-000000000003'),
  email: 'beginner@cloud-brain.invalid',
  about: 'Has just bought a band: walks more every week, loses weight, keeps a diary with gaps',
  watch: 'fitness_band',
  measures: [],
  weightKg: { from: 94.2, to: 89.6, everyDays: 3 },
  preferences: { coach_persona: 'tough_love', units: 'imperial' },
  goals: [
    { metric: 'steps', period: 'daily', target: 7500 },
    { metric: 'weight_kg', period: 'long_term', target: 85 },
  ],
  usual({ weekday, dayNumber, progress }) {
    const walks = [1, 3, 5, ...(progress > 0.5 ? [SUNDAY] : [])].includes(weekday)
    const minutes = between(18, 42, progress)
    return {
      steps: around(between(3400, 5600, progress), 900),
      sleepHours: weekday === SUNDAY || weekday === SATURDAY ? [7, 8.8] : [5.8, 7],
      sleepQuality: [60, 78],
      restingHeartRate: around(between(74, 67, progress), 2),
      hrvMs: [25, 38],
      ...((dayNumber * 7) % 10 < 6 && { calories: [2100, 3000] as const }),
      ...(walks && {
        workout: {
          activity: 'walking',
          startsAt: 18,
          minutes: around(minutes, 4),
          meters: around(minutes * 82, 250),
          caloriesPerMinute: 5,
        },
      }),
    }
  },
}

/** The people of the demo data; the first is the demo user. */
export const PERSONAS = [runner, nurse, beginner] as const satisfies readonly Persona[]
