import { KG_PER_POUND } from '../analytics/units.ts'

/** What one of each unit is in the unit of the API. Names are Apple's (HKUnit). */
const FACTORS = {
  count: { count: 1 },
  'count/min': { 'count/min': 1, 'count/s': 60 },
  kcal: { kcal: 1, Cal: 1, cal: 0.001, kJ: 1 / 4.184, J: 1 / 4184 },
  m: { m: 1, km: 1000, cm: 0.01, mi: 1609.344, yd: 0.9144, ft: 0.3048, in: 0.0254 },
  kg: { kg: 1, g: 0.001, lb: KG_PER_POUND, oz: 0.028349523125, st: 6.35029318 },
  g: { g: 1, kg: 1000, mg: 0.001, mcg: 0.000001, oz: 28.349523125, lb: 453.59237 },
  ms: { ms: 1, s: 1000 },
  s: { s: 1, min: 60, hr: 3600 },
  // Apple writes shares from 0 to 1 and calls them per cent.
  percent: { '%': 100 },
  'mL/kg·min': { 'mL/min·kg': 1, 'mL/kg·min': 1, 'ml/kg/min': 1 },
} as const satisfies Record<string, Readonly<Record<string, number>>>

/** A unit that the API uses. */
export type ApiUnit = keyof typeof FACTORS

/** The value in the unit of the API; undefined where the unit is not one of its kind, or the value is no number. */
export function toApiUnit(value: string | undefined, unit: string | undefined, target: ApiUnit): number | undefined {
  const factors: Readonly<Record<string, number>> = FACTORS[target]
  const factor = unit !== undefined && Object.hasOwn(factors, unit) ? factors[unit] : undefined
  const number = value === undefined || value.trim() === '' ? Number.NaN : Number(value)
  return factor === undefined || !Number.isFinite(number) ? undefined : number * factor
}
