/** One user's rows for a span of days, in the units of the API. What the analytics are computed from. */
export type HealthRows = {
  workouts: readonly WorkoutRow[]
  sleep: readonly (SourceDay & { hours: number })[]
  nutrition: readonly (SourceDay & { calories: number })[]
  weight: readonly (SourceDay & { weightKg: number })[]
  dailyMetrics: readonly (SourceDay & { steps: number | null; activeCalories: number | null })[]
}

export type WorkoutRow = SourceDay & {
  originalId: string
  startTime: Date
  durationSeconds: number
  distanceMeters: number | null
  calories: number
}

/** `date` is the user's local day. */
export type SourceDay = { source: string; date: string }
