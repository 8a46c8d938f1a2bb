import { TODAY } from './harness.ts'

/** What an ingest of which nothing is stored counts. */
export const NO_COUNTS = { workouts: 0, sleep: 0, nutrition: 0, weight: 0, daily_metrics: 0 }

/** A workout of today. */
export const RUN = {
  original_id: 'run-1',
  activity_type: 'running',
  duration_seconds: 1800,
  distance_meters: 5000,
  calories: 320,
  start_time: `${TODAY}T07:00:00Z`,
}
