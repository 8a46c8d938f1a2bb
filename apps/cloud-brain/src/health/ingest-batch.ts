import { z } from '@hono/zod-openapi'
import { ITEM_MAXIMA } from '../analytics/item-maxima.ts'
import { IsoDate } from '../local-day.ts'

/** Most items in one batch, over all kinds. */
export const MAX_BATCH_ITEMS = 500
/** Largest body of one batch. */
export const MAX_BATCH_BYTES = 1_048_576
/** What anybody weighs. Less would be told as 0, to a hundredth. */
const LEAST_WEIGHT_KG = 0.1

/** Text that PostgreSQL can store and a person can see. */
export const Label = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the point; PostgreSQL cannot store NUL
    .refine((value) => !/[\u0000-\u001f\u007f\p{Surrogate}]/u.test(value), 'must not have control characters')
    .refine((value) => !/^\s+$/.test(value), 'must not be blank')

const amount = (max: number) => z.number().min(0).max(max)
const count = (max: number) => z.int().min(0).max(max)

const StartTime = z.iso
  .datetime({
    offset: true,
    abort: true,
    error: 'must be a time with seconds and offset such as 2026-01-31T07:30:00+01:00',
  })
  .refine((value) => IsoDate.safeParse(value.slice(0, 10)).success, 'must be from 1900 to 2199')

export const Workout = z
  .object({
    original_id: Label(200).openapi({ example: 'run-2026-03-29' }),
    activity_type: Label(64).openapi({ example: 'running' }),
    duration_seconds: count(604_800).openapi({ example: 1800 }),
    distance_meters: amount(2_000_000).nullish().openapi({ example: 5000 }),
    calories: amount(ITEM_MAXIMA.calories_burned).openapi({ example: 320 }),
    start_time: StartTime.openapi({ format: 'date-time', example: '2026-03-29T07:30:00+01:00' }),
  })
  .openapi('Workout')

export const Sleep = z
  .object({ date: IsoDate, hours: amount(ITEM_MAXIMA.sleep_hours), quality_score: amount(100).nullish() })
  .openapi('Sleep')

export const Nutrition = z
  .object({
    date: IsoDate,
    calories: amount(ITEM_MAXIMA.calories_consumed),
    protein_grams: amount(5000).nullish(),
    carbs_grams: amount(5000).nullish(),
    fat_grams: amount(5000).nullish(),
  })
  .openapi('Nutrition')

export const Weight = z
  .object({ date: IsoDate, weight_kg: z.number().min(LEAST_WEIGHT_KG).max(ITEM_MAXIMA.weight_kg) })
  .openapi('Weight')

export const DailyMetrics = z
  .object({
    date: IsoDate,
    steps: count(ITEM_MAXIMA.steps).nullish(),
    active_calories: amount(ITEM_MAXIMA.calories_burned).nullish(),
    resting_heart_rate: amount(400).nullish(),
    hrv_ms: amount(1000).nullish(),
    vo2_max: amount(150).nullish(),
    distance_meters: amount(2_000_000).nullish(),
    flights_climbed: count(10_000).nullish(),
    body_fat_percentage: amount(100).nullish(),
    respiratory_rate: amount(200).nullish(),
    oxygen_saturation: amount(100).nullish(),
    heart_rate_avg: amount(400).nullish(),
  })
  .refine(
    ({ date: _, ...metrics }) => Object.values(metrics).some((value) => value !== null && value !== undefined),
    'must have at least one metric',
  )
  .openapi('DailyMetrics')

/** The kinds of item that a batch holds. */
export const KINDS = ['workouts', 'sleep', 'nutrition', 'weight', 'daily_metrics'] as const

export type Kind = (typeof KINDS)[number]

/** Items that passed their schema. */
export type BatchItems = {
  workouts: z.infer<typeof Workout>[]
  sleep: z.infer<typeof Sleep>[]
  nutrition: z.infer<typeof Nutrition>[]
  weight: z.infer<typeof Weight>[]
  daily_metrics: z.infer<typeof DailyMetrics>[]
}

const Source = Label(64).openapi({ example: 'apple_watch', description: 'The device or service that measured' })
const items = z.array(z.unknown()).nullish()

/** A batch before its items are looked at: a fault here, such as a kind that is misspelt, refuses the whole request. */
export const Envelope = z
  .strictObject({
    source: Source,
    workouts: items,
    sleep: items,
    nutrition: items,
    weight: items,
    daily_metrics: items,
  })
  .superRefine((envelope, context) => {
    const total = countSent(envelope)
    if (total > MAX_BATCH_ITEMS) {
      context.addIssue({
        code: 'custom',
        path: ['items'],
        message: `must be at most ${MAX_BATCH_ITEMS}, received ${total}`,
      })
    }
  })

export type Envelope = z.infer<typeof Envelope>

/** How many items were sent, over all kinds. */
export function countSent(envelope: { readonly [Name in Kind]?: readonly unknown[] | null | undefined }): number {
  return KINDS.reduce((sum, kind) => sum + (envelope[kind]?.length ?? 0), 0)
}

/** What a well-formed batch looks like; used for the documentation only, because a bad item does not refuse the batch. */
export const IngestBatch = z
  .strictObject({
    source: Source,
    workouts: z.array(Workout).optional(),
    sleep: z.array(Sleep).optional(),
    nutrition: z.array(Nutrition).optional(),
    weight: z.array(Weight).optional(),
    daily_metrics: z.array(DailyMetrics).optional(),
  })
  .openapi('IngestBatch')

export type IngestBatch = z.input<typeof IngestBatch>

export const Rejection = z
  .object({
    index: z.int().min(0).openapi({ description: 'Position in the list of its kind, from 0' }),
    kind: z.enum(KINDS),
    code: z.enum(['wrong_type', 'out_of_range', 'invalid_format', 'invalid_value']),
    detail: z.string().openapi({ example: 'hours: Too big: expected number to be <=24' }),
  })
  .openapi('Rejection')

export type Rejection = z.infer<typeof Rejection>

export const IngestResult = z
  .object({
    success: z
      .boolean()
      .openapi({ description: 'False only when every item of a batch that is not empty was rejected' }),
    message: z.string(),
    counts: z
      .object({
        workouts: z.int(),
        sleep: z.int(),
        nutrition: z.int(),
        weight: z.int(),
        daily_metrics: z.int(),
      })
      .openapi({ description: 'Items accepted, by kind' }),
    // Where the user lives it may be the day before the first that can be asked for, or after the last.
    affected_dates: z.array(z.iso.date()),
    rejected: z.array(Rejection),
  })
  .openapi('IngestResult')

export type IngestResult = z.infer<typeof IngestResult>
