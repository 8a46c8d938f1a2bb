import type { ApiUnit } from './units.ts'

/** Where a quantity of Apple's goes: the kind of item and its field, and how many readings of a day become one figure. */
export type Figure = {
  kind: 'daily_metrics' | 'weight' | 'nutrition'
  field: string
  unit: ApiUnit
  how: 'sum' | 'mean' | 'last'
  whole?: true
}

const daily = (field: string, unit: ApiUnit, how: Figure['how']): Figure => ({
  kind: 'daily_metrics',
  field,
  unit,
  how,
})
const eaten = (field: string, unit: ApiUnit): Figure => ({ kind: 'nutrition', field, unit, how: 'sum' })

/** The quantities that are imported, by their names without `HKQuantityTypeIdentifier`. */
export const FIGURES: Readonly<Record<string, Figure>> = {
  StepCount: { ...daily('steps', 'count', 'sum'), whole: true },
  FlightsClimbed: { ...daily('flights_climbed', 'count', 'sum'), whole: true },
  ActiveEnergyBurned: daily('active_calories', 'kcal', 'sum'),
  DistanceWalkingRunning: daily('distance_meters', 'm', 'sum'),
  RestingHeartRate: daily('resting_heart_rate', 'count/min', 'mean'),
  HeartRateVariabilitySDNN: daily('hrv_ms', 'ms', 'mean'),
  HeartRate: daily('heart_rate_avg', 'count/min', 'mean'),
  RespiratoryRate: daily('respiratory_rate', 'count/min', 'mean'),
  OxygenSaturation: daily('oxygen_saturation', 'percent', 'mean'),
  VO2Max: daily('vo2_max', 'mL/kg·min', 'last'),
  BodyFatPercentage: daily('body_fat_percentage', 'percent', 'last'),
  BodyMass: { kind: 'weight', field: 'weight_kg', unit: 'kg', how: 'last' },
  DietaryEnergyConsumed: eaten('calories', 'kcal'),
  DietaryProtein: eaten('protein_grams', 'g'),
  DietaryCarbohydrates: eaten('carbs_grams', 'g'),
  DietaryFatTotal: eaten('fat_grams', 'g'),
}
