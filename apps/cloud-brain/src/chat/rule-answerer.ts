import type { DailySummary } from '../analytics/daily-summary.ts'
import { toAmount, toSaid, toWords } from '../analytics/metric-words.ts'
import { mean } from '../analytics/round.ts'
import { METRICS, type Metric, trendOf } from '../analytics/trend.ts'
import type { Preferences } from '../health/preferences.ts'
import type { Answerer, ChatFacts, Citation } from './answerer.ts'

const WEEK_DAYS = 7

const TOPICS = {
  steps: /\b(steps?|walk\w*|active|activity|moved?)\b/i,
  sleep_hours: /\b(sle[ep]\w*|slept|tired|nights?|rest)\b/i,
  calories_consumed: /\b(eat\w*|ate|food|diet|nutrition|consumed)\b/i,
  calories_burned: /\b(burn\w*|energy)\b/i,
  workouts_count: /\b(work ?outs?|train\w*|runs?|running|exercise\w*)\b/i,
  weight_kg: /\b(weigh\w*|kilos?|kg|pounds?|lbs?|scale)\b/i,
} as const satisfies Record<Metric, RegExp>

const CLOSING = {
  tough_love: 'No excuses: one more step than yesterday.',
  balanced: 'Small steps every day add up.',
  gentle: 'Be kind to yourself; you are doing fine.',
} as const satisfies Record<Preferences['coach_persona'], string>

/** Answers by rules, without a model: says what the user's days say about the figures that the question names, and cites each one it used. */
export const answerByRules: Answerer = async function* ({ message, facts }) {
  const named = METRICS.filter((metric) => TOPICS[metric].test(message))
  const metrics = named.length > 0 ? named : (['steps', 'sleep_hours', 'workouts_count'] as const)
  const citations: Citation[] = []
  for (const metric of metrics) {
    const { text, used } = describe(metric, facts)
    citations.push(...used)
    yield { type: 'text', text: `${text} ` }
  }
  yield { type: 'text', text: CLOSING[facts.persona] }
  yield { type: 'citations', citations }
}

function describe(metric: Metric, { days, units }: ChatFacts): { text: string; used: Citation[] } {
  const { name, was } = toWords(metric)
  const week = days.slice(-WEEK_DAYS).flatMap((day) => toCitation(metric, day))
  const latest = week.at(-1)
  if (!latest) return { text: `No ${name} ${was} recorded in the last ${WEEK_DAYS} days.`, used: [] }
  const saying = { units, decimals: 1 }
  const average = toSaid(metric, mean(week.map(({ value }) => value)), saying)
  const { trend, percent_change } = trendOf({ metric, windowSize: WEEK_DAYS }, days.slice(-2 * WEEK_DAYS))
  const change =
    trend === 'up' || trend === 'down' ? `, ${trend} ${Math.abs(percent_change ?? 0)}% on the week before` : ''
  const text = `Your latest ${name}: ${toAmount(metric, latest.value, saying)} on ${latest.date}; the average of the last ${WEEK_DAYS} days is ${average}${change}.`
  return { text, used: week }
}

function toCitation(metric: Metric, day: DailySummary): Citation[] {
  const value = day[metric]
  return value === null ? [] : [{ date: day.date, metric, value }]
}
