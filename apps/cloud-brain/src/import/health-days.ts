import { createHash } from 'node:crypto'
import { round } from '../analytics/round.ts'
import type { IngestBatch } from '../health/ingest-batch.ts'
import { toInstant } from './apple-date.ts'
import { FIGURES, type Figure } from './figures.ts'
import { ImportError } from './import-error.ts'
import type { ExportedRecord, ExportedWorkout, ExportReader } from './read-export.ts'
import { createRecentSet } from './recent-set.ts'
import { hoursCovered, type Interval } from './sleep-hours.ts'
import { createSplitDays } from './split-days.ts'
import { toApiUnit } from './units.ts'

/** What was read: elements that became part of a day, that came a second time, that could not be understood, and that the API has no place for. */
export type ReadCounts = { used: number; duplicates: number; unreadable: number; ignored: number }

/** Gathers an export into days. Holds one small object for each source and day, however many records there are. */
export type HealthDays = ExportReader & {
  readonly counts: Readonly<ReadCounts>
  /** One batch for each source and day, by source, then by day: the same export always gives the same batches. */
  batches(): IngestBatch[]
}

/**
 * The most that is held, over all sources: of days and workouts what the API takes in two days, of sleep what ten watches tell in
 * ten years. A name of a source is text, so a file of some megabytes could ask for gigabytes.
 */
const MOST = { days: 200_000, workouts: 200_000, sleepStages: 2_000_000 } as const
const WORDS = { days: 'days', workouts: 'workouts', sleepStages: 'sleep stages' } as const satisfies Record<
  Held,
  string
>
type Held = keyof typeof MOST

const PREFIX = /^HK(?:Quantity|Category)TypeIdentifier|^HKWorkoutActivityType|^HKCategoryValueSleepAnalysis/
/** A night belongs to the day it ends on; what ends after six in the evening belongs to the next. */
const NIGHT_SHIFT_MS = 6 * 3_600_000
const REMEMBERED = 2_000_000
const MAX_SOURCE_LENGTH = 64
const ID_LENGTH = 32

type Sums = Map<string, { sum: number; count: number; last: number; lastAt: number }>
type Day = { figures: Sums; asleep: Interval[]; inBed: Interval[]; workouts: NonNullable<IngestBatch['workouts']> }

/**
 * Creates it for a user who lives in this timezone. Days before `since` are left out, and not held. Taking a record or a workout
 * throws ImportError when there are more than `most` of days, workouts or sleep stages.
 */
export function createHealthDays(
  timezone: string,
  { since = '', most = {} }: { since?: string | undefined; most?: Partial<Record<Held, number>> } = {},
): HealthDays {
  const { dayOf, split } = createSplitDays(timezone)
  const seen = createRecentSet(REMEMBERED)
  const sources = new Map<string, Map<string, Day>>()
  const counts: ReadCounts = { used: 0, duplicates: 0, unreadable: 0, ignored: 0 }
  const held: Record<Held, number> = { days: 0, workouts: 0, sleepStages: 0 }

  function hold(what: Held): void {
    const limit = most[what] ?? MOST[what]
    held[what] += 1
    if (held[what] <= limit) return
    throw new ImportError(
      `Cannot import: the export has more than ${limit} ${WORDS[what]} over all sources; take some with --since`,
    )
  }

  /** Where what belongs to a day goes; undefined when it is left out. */
  function dayFor(source: string, date: string): Day | undefined {
    if (date < since) return undefined
    const days = sources.get(source) ?? new Map<string, Day>()
    const known = days.get(date)
    if (known) return known
    hold('days')
    const day: Day = { figures: new Map(), asleep: [], inBed: [], workouts: [] }
    sources.set(source, days.set(date, day))
    return day
  }

  function takeRecord(exported: ExportedRecord): keyof ReadCounts {
    const type = (exported.type ?? '').replace(PREFIX, '')
    const figure = Object.hasOwn(FIGURES, type) ? FIGURES[type] : undefined
    if (!figure && type !== 'SleepAnalysis') return 'ignored'
    const { sourceName, startDate, endDate, value } = exported
    if (seen.has(`${type}|${sourceName}|${startDate}|${endDate}|${value}`)) return 'duplicates'
    const [start, end, source] = [toInstant(startDate), toInstant(endDate), toSource(sourceName)]
    if (start === undefined || end === undefined || end < start) return 'unreadable'
    return figure ? addFigure(figure, { exported, source, start, end }) : addSleep(value, { source, start, end })
  }

  function addFigure(
    { field, unit, how }: Figure,
    at: { exported: ExportedRecord; source: string; start: number; end: number },
  ): keyof ReadCounts {
    const amount = toApiUnit(at.exported.value, at.exported.unit, unit)
    if (amount === undefined) return 'unreadable'
    const parts = how === 'sum' ? split(at.start, at.end) : [{ date: dayOf(at.start), share: 1 }]
    for (const { date, share } of parts) {
      const figures = dayFor(at.source, date)?.figures
      if (!figures) continue
      const figure = figures.get(field) ?? { sum: 0, count: 0, last: amount, lastAt: at.start }
      figures.set(field, figure)
      figure.sum += amount * share
      figure.count += 1
      if (at.start >= figure.lastAt) Object.assign(figure, { last: amount, lastAt: at.start })
    }
    return 'used'
  }

  function addSleep(
    value: string | undefined,
    { source, start, end }: { source: string; start: number; end: number },
  ): keyof ReadCounts {
    const stage = (value ?? '').replace(PREFIX, '')
    if (stage === 'Awake') return 'ignored'
    const isInBed = stage === 'InBed'
    if (!isInBed && !stage.startsWith('Asleep')) return 'unreadable'
    const night = dayFor(source, dayOf(end + NIGHT_SHIFT_MS))
    if (!night) return 'used'
    hold('sleepStages')
    const intervals = isInBed ? night.inBed : night.asleep
    intervals.push([start, end])
    return 'used'
  }

  function takeWorkout({ attributes, sums }: ExportedWorkout): keyof ReadCounts {
    const { workoutActivityType = '', sourceName, startDate, endDate, duration, durationUnit = 'min' } = attributes
    const identity = `${workoutActivityType}|${sourceName}|${startDate}|${endDate}`
    if (seen.has(identity)) return 'duplicates'
    const [start, end] = [toInstant(startDate), toInstant(endDate)]
    if (start === undefined || end === undefined || end < start) return 'unreadable'
    const day = dayFor(toSource(sourceName), dayOf(start))
    if (!day) return 'used'
    hold('workouts')
    const seconds = toApiUnit(duration, durationUnit, 's') ?? (end - start) / 1000
    const distance = toDistance(attributes, sums)
    day.workouts.push({
      // The export has no ids; the same workout has the same one in every export.
      original_id: `apple-${createHash('sha256').update(identity).digest('hex').slice(0, ID_LENGTH)}`,
      activity_type: toActivity(workoutActivityType),
      duration_seconds: Math.round(seconds),
      ...(distance !== undefined && { distance_meters: round(distance, 1) }),
      calories: round(toEnergy(attributes, sums) ?? 0, 1),
      start_time: new Date(start).toISOString(),
    })
    return 'used'
  }

  return {
    counts,
    record: (exported) => {
      counts[takeRecord(exported)] += 1
    },
    workout: (exported) => {
      counts[takeWorkout(exported)] += 1
    },
    batches: () =>
      [...sources]
        .sort(byName)
        .flatMap(([source, days]) => [...days].sort(byName).map(([date, day]) => toBatch(source, date, day))),
  }
}

function toBatch(source: string, date: string, { figures, asleep, inBed, workouts }: Day): IngestBatch {
  const values = Object.values(FIGURES).flatMap(({ field, kind, how, whole }) => {
    const figure = figures.get(field)
    if (!figure) return []
    const value = how === 'sum' ? figure.sum : how === 'mean' ? figure.sum / figure.count : figure.last
    return [[field, round(value, whole ? 0 : 2), kind] as const]
  })
  const pick = (kind: Figure['kind']) => Object.fromEntries(values.filter((value) => value[2] === kind))
  const { weight_kg } = pick('weight')
  const { calories, ...nutrients } = pick('nutrition')
  const metrics = pick('daily_metrics')
  // Time in bed stands in only where a source knows no better.
  const night = asleep.length > 0 ? asleep : inBed
  return {
    source,
    workouts,
    sleep: night.length > 0 ? [{ date, hours: round(hoursCovered(night), 2) }] : [],
    nutrition: calories === undefined ? [] : [{ date, calories, ...nutrients }],
    weight: weight_kg === undefined ? [] : [{ date, weight_kg }],
    daily_metrics: Object.keys(metrics).length > 0 ? [{ date, ...metrics }] : [],
  }
}

/** The device as its owner calls it, in what the API takes as a source. */
function toSource(name: string | undefined): string {
  const words = (name ?? '').replace(/[\s\p{Cc}\p{Surrogate}]+/gu, ' ').trim()
  return (
    [...words]
      .slice(0, MAX_SOURCE_LENGTH / 2)
      .join('')
      .trim() || 'apple_health'
  )
}

/** `HKWorkoutActivityTypeTraditionalStrengthTraining` is `traditional_strength_training`. */
function toActivity(type: string): string {
  const name = type.replace(PREFIX, '').replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_')
  return name.toLowerCase().slice(0, 64) || 'other'
}

function toDistance(attributes: ExportedRecord, sums: ExportedWorkout['sums']): number | undefined {
  const parts = [...sums].flatMap(([type, { value, unit }]) =>
    type.includes('Distance') ? (toApiUnit(value, unit, 'm') ?? []) : [],
  )
  if (parts.length > 0) return Math.max(...parts)
  return toApiUnit(attributes.totalDistance, attributes.totalDistanceUnit, 'm')
}

function toEnergy(attributes: ExportedRecord, sums: ExportedWorkout['sums']): number | undefined {
  const active = sums.get('HKQuantityTypeIdentifierActiveEnergyBurned')
  return (
    toApiUnit(active?.value, active?.unit, 'kcal') ??
    toApiUnit(attributes.totalEnergyBurned, attributes.totalEnergyBurnedUnit, 'kcal')
  )
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0
}
