/** The most that the ingest takes as one item's figure. What several workouts of a day add up to may be more. */
export const ITEM_MAXIMA = {
  steps: 500_000,
  calories_consumed: 50_000,
  calories_burned: 50_000,
  sleep_hours: 24,
  weight_kg: 1000,
} as const
