import { round } from './round.ts'
import type { Metric } from './trend.ts'
import { KG_PER_POUND, type Units } from './units.ts'

const WORDS = {
  steps: { name: 'steps', isPlural: true, one: 'step', several: 'steps' },
  calories_consumed: { name: 'calories eaten', isPlural: true, one: 'kcal', several: 'kcal' },
  calories_burned: { name: 'calories burned', isPlural: true, one: 'kcal', several: 'kcal' },
  workouts_count: { name: 'workouts', isPlural: true, one: 'workout', several: 'workouts' },
  sleep_hours: { name: 'sleep', isPlural: false, one: 'hour', several: 'hours' },
  weight_kg: { name: 'weight', isPlural: false, one: 'kg', several: 'kg' },
} as const satisfies Record<Metric, { name: string; isPlural: boolean; one: string; several: string }>

/** What a figure is called in a sentence, and the verbs that go with it: `steps are`, `sleep is`. */
export function toWords(metric: Metric): { name: string; is: 'is' | 'are'; was: 'was' | 'were' } {
  const { name, isPlural } = WORDS[metric]
  return isPlural ? { name, is: 'are', was: 'were' } : { name, is: 'is', was: 'was' }
}

/** How an amount is said: in which units, and with at most how many decimals. */
export type Saying = { units: Units; decimals: number }

/** The number of an amount: `154.8` of 70.2 kg in imperial units. */
export function toSaid(metric: Metric, value: number, { units, decimals }: Saying): number {
  return round(isInPounds(metric, units) ? value / KG_PER_POUND : value, decimals)
}

/** An amount with its unit: `1 step`, `7.5 hours`, `70.2 kg`, `154.8 lb`. */
export function toAmount(metric: Metric, value: number, saying: Saying): string {
  const said = toSaid(metric, value, saying)
  if (isInPounds(metric, saying.units)) return `${said} lb`
  const { one, several } = WORDS[metric]
  return `${said} ${said === 1 ? one : several}`
}

function isInPounds(metric: Metric, units: Units): boolean {
  return metric === 'weight_kg' && units === 'imperial'
}
