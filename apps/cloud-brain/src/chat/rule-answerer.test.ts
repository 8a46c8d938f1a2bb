import { describe, expect, it } from 'vitest'
import { UNMEASURED } from '../../test/unmeasured.ts'
import type { DailySummary } from '../analytics/daily-summary.ts'
import { answerByRules } from './rule-answerer.ts'

const DATE = '2026-03-29'

/** The first sentence of an answer about one day. */
async function sayOf(
  message: string,
  figures: Partial<DailySummary>,
  units: 'metric' | 'imperial' = 'metric',
): Promise<string> {
  const facts = { days: [{ date: DATE, ...UNMEASURED, ...figures }], persona: 'balanced', units } as const
  for await (const piece of answerByRules({ message, facts }, { signal: AbortSignal.timeout(1000) })) {
    if (piece.type === 'text') return piece.text.trim()
  }
  return ''
}

describe('answerByRules()', () => {
  it.each([
    ['steps?', 'No steps were recorded in the last 7 days.'],
    ['food?', 'No calories eaten were recorded in the last 7 days.'],
    ['energy?', 'No calories burned were recorded in the last 7 days.'],
    ['sleep?', 'No sleep was recorded in the last 7 days.'],
    ['weight?', 'No weight was recorded in the last 7 days.'],
  ])('says of %s that there is none', async (message, text) => {
    expect(await sayOf(message, {})).toBe(text)
  })

  it.each([
    ['steps?', { steps: 1 }, 'steps: 1 step'],
    ['steps?', { steps: 8000 }, 'steps: 8000 steps'],
    ['food?', { calories_consumed: 1 }, 'calories eaten: 1 kcal'],
    ['energy?', { calories_burned: 320.25 }, 'calories burned: 320.3 kcal'],
    ['workouts?', { workouts_count: 0 }, 'workouts: 0 workouts'],
    ['workouts?', { workouts_count: 1 }, 'workouts: 1 workout'],
    ['sleep?', { sleep_hours: 1.04 }, 'sleep: 1 hour'],
    ['sleep?', { sleep_hours: 7.5 }, 'sleep: 7.5 hours'],
    ['weight?', { weight_kg: 70.2 }, 'weight: 70.2 kg'],
  ])('answers %s of %j with its unit, one as one', async (message, figures, text) => {
    expect(await sayOf(message, figures)).toContain(`Your latest ${text} on ${DATE};`)
  })
  it('says weight in pounds where the user wants imperial units, and nothing else otherwise', async () => {
    const weight = { weight_kg: 70.2 }
    expect(await sayOf('how many pounds?', weight, 'imperial')).toBe(
      `Your latest weight: 154.8 lb on ${DATE}; the average of the last 7 days is 154.8.`,
    )
    expect(await sayOf('weight?', { weight_kg: 0.45359237 }, 'imperial')).toContain('Your latest weight: 1 lb on')
    const steps = { steps: 8000 }
    expect(await sayOf('steps?', steps, 'imperial')).toBe(await sayOf('steps?', steps))
  })
})
