/** A day of which nothing is known. */
export const UNMEASURED = {
  steps: null,
  calories_consumed: null,
  calories_burned: null,
  workouts_count: 0,
  sleep_hours: null,
  weight_kg: null,
} as const
