import type { IngestBatch } from '../health/ingest-batch.ts'
import { daysEnding } from '../local-day.ts'
import { createRandom, type Random } from './random.ts'

/** One day of a made-up person, as each device would report it. */
export type DemoDay = { date: string; batches: readonly IngestBatch[] }

type Kind = 'well' | 'ill' | 'without-watch'
type Workout = NonNullable<IngestBatch['workouts']>[number]

const ILLNESS_DAYS = 5
const DAYS_WITHOUT_WATCH = 3
const SUNDAY = 0
const SATURDAY = 6

/**
 * Believable days that end with `today`, oldest first: long runs on Saturdays, short ones on Tuesdays and Thursdays, more
 * sleep at weekends, one illness, three days without the watch, and one run that Strava reports as well. The same seed and
 * day give the same data; instants are in UTC.
 *
 * @param days how many, from 14 to 400
 * @throws RangeError when `days` is outside that range
 */
export function generateDemoDays({ seed, today, days }: { seed: number; today: string; days: number }): DemoDay[] {
  if (!Number.isInteger(days) || days < 14 || days > 400) {
    throw new RangeError(`Cannot generate demo days: "days" must be an integer from 14 to 400, received ${days}`)
  }
  const dates = daysEnding(today, days)
  const story = tellStory(dates, createRandom(seed))
  const duplicated = dates.findLast((date) => !story.has(date) && runMeters(date) > 0)
  return dates.map((date, index) => {
    const kind = story.get(date) ?? 'well'
    // Each date has numbers of its own, so that seeding again tomorrow changes little of the past.
    const random = createRandom(seed, dayNumber(date))
    return {
      date,
      batches: [
        ...watch({ date, kind, random, duplicated: date === duplicated }),
        phone({ date, kind, random }),
        diary({ date, kind, random }),
        ...scale({ date, index, days, random }),
      ],
    }
  })
}

/** Which days are out of the ordinary: an illness in the first half, days without a watch in the second. */
function tellStory(dates: readonly string[], random: Random): Map<string, Kind> {
  const half = Math.floor(dates.length / 2)
  const illness = random.whole(1, half - ILLNESS_DAYS)
  const forgotten = random.whole(half, dates.length - DAYS_WITHOUT_WATCH - 2)
  const story = new Map<string, Kind>()
  for (const date of dates.slice(illness, illness + ILLNESS_DAYS)) story.set(date, 'ill')
  for (const date of dates.slice(forgotten, forgotten + DAYS_WITHOUT_WATCH)) story.set(date, 'without-watch')
  return story
}

function watch(day: { date: string; kind: Kind; random: Random; duplicated: boolean }): IngestBatch[] {
  const { date, kind, random, duplicated } = day
  if (kind === 'without-watch') return []
  const run = kind === 'ill' ? undefined : toRun(date, random)
  const steps = walked(date, kind, random) + Math.round((run?.distance_meters ?? 0) / 1.05)
  const isIll = kind === 'ill'
  const batch: IngestBatch = {
    source: 'apple_watch',
    workouts: run ? [run] : [],
    sleep: [toNight(date, kind, random)],
    daily_metrics: [
      {
        date,
        steps,
        active_calories: Math.round(steps * 0.042) + (run ? run.calories : 0),
        resting_heart_rate: isIll ? random.whole(62, 70) : random.whole(52, 57),
        hrv_ms: isIll ? random.whole(28, 40) : random.whole(52, 78),
        distance_meters: Math.round(steps * 0.74),
        flights_climbed: isIll ? random.whole(0, 3) : random.whole(4, 18),
        respiratory_rate: isIll ? random.between(15.5, 18, 1) : random.between(13, 15, 1),
        oxygen_saturation: random.between(95, 99, 1),
        heart_rate_avg: isIll ? random.whole(76, 84) : random.whole(66, 75),
      },
    ],
  }
  return run && duplicated ? [batch, { source: 'strava', workouts: [asStravaSawIt(run)] }] : [batch]
}

/** The phone counts fewer steps than the watch: it lies on the table for half of the day. */
function phone({ date, kind, random }: { date: string; kind: Kind; random: Random }): IngestBatch {
  const steps = Math.round(walked(date, kind, random) * random.between(0.55, 0.75, 2))
  return { source: 'iphone', daily_metrics: [{ date, steps, distance_meters: Math.round(steps * 0.74) }] }
}

function diary({ date, kind, random }: { date: string; kind: Kind; random: Random }): IngestBatch {
  const calories = kind === 'ill' ? random.whole(1200, 1600) : random.whole(1950, 2450) + (isWeekend(date) ? 250 : 0)
  const grams = (share: number, caloriesPerGram: number) => Math.round((calories * share) / caloriesPerGram)
  return {
    source: 'food_diary',
    nutrition: [
      { date, calories, protein_grams: grams(0.22, 4), carbs_grams: grams(0.46, 4), fat_grams: grams(0.32, 9) },
    ],
  }
}

/** On the scale every other morning, about a kilogram less by the end. */
function scale(day: { date: string; index: number; days: number; random: Random }): IngestBatch[] {
  const { date, index, days, random } = day
  const trend = 78.4 - (1.2 * index) / days
  const weightKg = Number((trend + random.between(-0.3, 0.3, 2)).toFixed(1))
  return dayNumber(date) % 2 === 0 ? [{ source: 'smart_scale', weight: [{ date, weight_kg: weightKg }] }] : []
}

function toRun(date: string, random: Random): Workout | undefined {
  const planned = runMeters(date)
  if (planned === 0) return undefined
  const meters = Math.round(planned * random.between(0.9, 1.1, 3))
  const minute = random.whole(5, 50)
  return {
    original_id: `watch-run-${date}`,
    activity_type: 'running',
    start_time: `${date}T06:${String(minute).padStart(2, '0')}:00Z`,
    duration_seconds: Math.round((meters / 1000) * random.whole(325, 365)),
    distance_meters: meters,
    calories: Math.round(meters * 0.068),
  }
}

function asStravaSawIt(run: Workout): Workout {
  return {
    ...run,
    original_id: run.original_id.replace('watch-run', 'strava'),
    duration_seconds: run.duration_seconds - 40,
    distance_meters: Math.round((run.distance_meters ?? 0) * 0.993),
    calories: Math.round(run.calories * 0.95),
  }
}

function toNight(date: string, kind: Kind, random: Random): NonNullable<IngestBatch['sleep']>[number] {
  const base = kind === 'ill' ? 8.6 : isWeekend(date) ? 7.9 : 6.9
  const hours = Number((base + random.between(-0.6, 0.6, 2)).toFixed(2))
  const quality = kind === 'ill' ? random.whole(42, 60) : Math.min(98, Math.round(52 + hours * 4 + random.whole(-4, 4)))
  return { date, hours, quality_score: quality }
}

function walked(date: string, kind: Kind, random: Random): number {
  if (kind === 'ill') return random.whole(900, 2400)
  return isWeekend(date) ? random.whole(5200, 9800) : random.whole(6400, 9200)
}

function runMeters(date: string): number {
  const plan = new Map([
    [2, 6000],
    [4, 8000],
    [SATURDAY, 14_000],
  ])
  return plan.get(weekday(date)) ?? 0
}

const isWeekend = (date: string) => [SUNDAY, SATURDAY].includes(weekday(date))
const dayNumber = (date: string) => Date.parse(`${date}T00:00:00Z`) / 86_400_000
const weekday = (date: string) => new Date(`${date}T00:00:00Z`).getUTCDay()
