import type { Metric } from './trend.ts'

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

/** An amount with its unit: `1 step`, `7.5 hours`, `70.2 kg`. */
export function toAmount(metric: Metric, value: number): string {
  const { one, several } = WORDS[metric]
  return `${value} ${value === 1 ? one : several}`
}
