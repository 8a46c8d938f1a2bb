import type { IngestBatch } from '../health/ingest-batch.ts'
import { daysEnding } from '../local-day.ts'
import { PERSONAS, type Persona, type PlannedWorkout, type Range, type UsualDay } from './personas.ts'
import { createRandom, type Random } from './random.ts'

/** One day of a made-up person, as each device would report it. */
export type DemoDay = { date: string; batches: readonly IngestBatch[] }

type Kind = 'well' | 'ill' | 'without-watch'
type Workout = NonNullable<IngestBatch['workouts']>[number]
/** What a day really was; each device sees some of it. */
type LivedDay = { date: string; kind: Kind; usual: UsualDay; random: Random; persona: Persona }

const ILLNESS_DAYS = 5
const DAYS_WITHOUT_WATCH = 3
/** The latest days are whole: they are what a visitor sees first. */
const WHOLE_DAYS = 7
const METERS_PER_STEP = 0.74

/**
 * Believable days of a person that end with `today`, oldest first: the rhythm of their week, one illness, three days without
 * the watch, and one workout that Strava reports as well. The same seed and day give the same data; instants are in UTC.
 *
 * @param options.days how many, from 14 to 400
 * @throws RangeError when `days` is outside that range
 */
export function generateDemoDays(options: { seed: number; today: string; days: number; persona?: Persona }): DemoDay[] {
  const { seed, today, days, persona = PERSONAS[0] } = options
  if (!Number.isInteger(days) || days < 14 || days > 400) {
    throw new RangeError(`Cannot generate demo days: "days" must be an integer from 14 to 400, received ${days}`)
  }
  const dates = daysEnding(today, days)
  const story = tellStory(dates, createRandom(seed))
  const usualOf = (date: string, index: number) =>
    persona.usual({ weekday: weekday(date), dayNumber: dayNumber(date), progress: index / (days - 1) })
  const duplicated = dates.findLast((date, index) => !story.has(date) && usualOf(date, index).workout)
  return dates.map((date, index) => {
    // Each date has numbers of its own, so that seeding again tomorrow changes little of the past.
    const random = createRandom(seed, dayNumber(date))
    const day = { date, kind: story.get(date) ?? 'well', usual: usualOf(date, index), random, persona }
    return {
      date,
      batches: [...watch(day, date === duplicated), phone(day), ...diary(day), ...scale(day, index / (days - 1))],
    }
  })
}

/** Which days are out of the ordinary: an illness in the first half, days without a watch in the second. */
function tellStory(dates: readonly string[], random: Random): Map<string, Kind> {
  const half = Math.floor(dates.length / 2)
  const illness = random.whole(1, half - ILLNESS_DAYS)
  const forgotten = random.whole(half, Math.max(half, dates.length - DAYS_WITHOUT_WATCH - WHOLE_DAYS))
  const story = new Map<string, Kind>()
  for (const date of dates.slice(illness, illness + ILLNESS_DAYS)) story.set(date, 'ill')
  for (const date of dates.slice(forgotten, forgotten + DAYS_WITHOUT_WATCH)) story.set(date, 'without-watch')
  return story
}

function watch(day: LivedDay, isDuplicated: boolean): IngestBatch[] {
  const { date, kind, usual, random, persona } = day
  if (kind === 'without-watch') return []
  const isIll = kind === 'ill'
  const workout = isIll || !usual.workout ? undefined : toWorkout(date, usual.workout, random)
  const isOnFoot = workout && workout.activity_type !== 'swimming'
  const steps = walked(day) + (isOnFoot ? Math.round((workout.distance_meters ?? 0) / 1.05) : 0)
  const has = (measure: 'hrv' | 'oxygen') => persona.measures.includes(measure)
  const heart = Math.round(wholeOf(random, usual.restingHeartRate) + (isIll ? 11 : 0))
  const batch: IngestBatch = {
    source: persona.watch,
    workouts: workout ? [workout] : [],
    sleep: [toNight(day)],
    daily_metrics: [
      {
        date,
        steps,
        active_calories: Math.round(steps * 0.042) + (workout ? workout.calories : 0),
        resting_heart_rate: heart,
        heart_rate_avg: heart + random.whole(13, 18),
        distance_meters: Math.round(steps * METERS_PER_STEP),
        flights_climbed: isIll ? random.whole(0, 3) : random.whole(4, 18),
        ...(has('hrv') && {
          hrv_ms: Math.round(wholeOf(random, usual.hrvMs) * (isIll ? 0.6 : 1)),
          respiratory_rate: isIll ? random.between(15.5, 18, 1) : random.between(13, 15, 1),
        }),
        ...(has('oxygen') && { oxygen_saturation: random.between(95, 99, 1) }),
      },
    ],
  }
  return workout && isDuplicated ? [batch, { source: 'strava', workouts: [asStravaSawIt(workout)] }] : [batch]
}

/** The phone counts fewer steps than the watch: it lies on the table for half of the day. */
function phone(day: LivedDay): IngestBatch {
  const { date, random } = day
  const steps = Math.round(walked(day) * random.between(0.55, 0.75, 2))
  return { source: 'iphone', daily_metrics: [{ date, steps, distance_meters: Math.round(steps * METERS_PER_STEP) }] }
}

function diary({ date, kind, usual, random }: LivedDay): IngestBatch[] {
  if (!usual.calories) return []
  const calories = Math.round(wholeOf(random, usual.calories) * (kind === 'ill' ? 0.65 : 1))
  const grams = (share: number, caloriesPerGram: number) => Math.round((calories * share) / caloriesPerGram)
  const nutrients = { protein_grams: grams(0.22, 4), carbs_grams: grams(0.46, 4), fat_grams: grams(0.32, 9) }
  return [{ source: 'food_diary', nutrition: [{ date, calories, ...nutrients }] }]
}

/** On the scale every few mornings. A body does not follow its trend to the gram. */
function scale({ date, random, persona }: LivedDay, progress: number): IngestBatch[] {
  const { from, to, everyDays } = persona.weightKg
  const weightKg = Number((from + (to - from) * progress + random.between(-0.3, 0.3, 2)).toFixed(1))
  return dayNumber(date) % everyDays === 0 ? [{ source: 'smart_scale', weight: [{ date, weight_kg: weightKg }] }] : []
}

function toWorkout(date: string, planned: PlannedWorkout, random: Random): Workout {
  const { activity, startsAt, meters } = planned
  // One form of the day: who goes further is longer under way.
  const form = random.next()
  const at = ([low, high]: Range) => low + (high - low) * form
  const minutes = at(planned.minutes)
  const start = `${String(startsAt).padStart(2, '0')}:${String(random.whole(5, 50)).padStart(2, '0')}`
  return {
    original_id: `watch-${activity}-${date}`,
    activity_type: activity,
    start_time: `${date}T${start}:00Z`,
    duration_seconds: Math.round(minutes * 60),
    ...(meters && { distance_meters: Math.round(at(meters)) }),
    calories: Math.round(minutes * planned.caloriesPerMinute),
  }
}

function asStravaSawIt(workout: Workout): Workout {
  return {
    ...workout,
    original_id: workout.original_id.replace('watch-', 'strava-'),
    duration_seconds: workout.duration_seconds - 40,
    distance_meters: Math.round((workout.distance_meters ?? 0) * 0.993),
    calories: Math.round(workout.calories * 0.95),
  }
}

function toNight({ date, kind, usual, random }: LivedDay): NonNullable<IngestBatch['sleep']>[number] {
  const [low, high] = usual.sleepHours
  const hours = random.between(low, high, 2)
  if (kind === 'ill') return { date, hours: Number((hours + 1.6).toFixed(2)), quality_score: random.whole(38, 50) }
  return { date, hours, quality_score: wholeOf(random, usual.sleepQuality) }
}

function walked({ kind, usual, random }: LivedDay): number {
  return kind === 'ill' ? random.whole(900, 2400) : wholeOf(random, usual.steps)
}

const wholeOf = (random: Random, [low, high]: Range) => random.whole(low, high)
const dayNumber = (date: string) => Date.parse(`${date}T00:00:00Z`) / 86_400_000
const weekday = (date: string) => new Date(`${date}T00:00:00Z`).getUTCDay()
