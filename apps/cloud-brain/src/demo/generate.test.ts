import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countItems, toBatches } from '../client/batches.ts'
import { IngestBatch } from '../health/ingest-batch.ts'
import { generateDemoDays } from './generate.ts'
import { PERSONAS } from './personas.ts'

const options = fc.record({
  seed: fc.integer(),
  today: fc
    .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10)),
  days: fc.integer({ min: 14, max: 120 }),
})
const sourcesOf = (batches: readonly { source: string }[]) => batches.map(({ source }) => source)

describe('generateDemoDays()', () => {
  it('generateDemoDays() gives the same days for the same seed', () => {
    const settings = { seed: 7, today: '2026-03-29', days: 90 }
    expect(generateDemoDays(settings)).toEqual(generateDemoDays(settings))
    expect(generateDemoDays(settings)).not.toEqual(generateDemoDays({ ...settings, seed: 8 }))
  })

  it.each(PERSONAS)(
    'generateDemoDays() gives the $name 90 days with an illness, three days without a watch and one duplicated workout',
    (persona) => {
      const days = generateDemoDays({ seed: 1, today: '2026-03-29', days: 90, persona })
      const watch = days.flatMap(({ batches }) => batches).filter(({ source }) => source === persona.watch)
      const ill = watch.filter(({ sleep }) => (sleep?.[0]?.quality_score ?? 100) <= 50)
      expect(days).toHaveLength(90)
      expect([days[0]?.date, days[89]?.date]).toEqual(['2025-12-30', '2026-03-29'])
      expect([watch.length, ill.length]).toEqual([87, 5])
      expect(days.filter(({ batches }) => sourcesOf(batches).includes('strava'))).toHaveLength(1)
    },
  )

  it('generateDemoDays() gives each person a rhythm of their own', () => {
    const daysOf = (name: string) => {
      const persona = PERSONAS.find((one) => one.name === name) ?? PERSONAS[0]
      const days = generateDemoDays({ seed: 3, today: '2026-03-29', days: 90, persona })
      return days.flatMap(({ date, batches }, index) => {
        const batch = batches.find(({ source }) => source === persona.watch)
        const [night, metrics] = [batch?.sleep?.[0], batch?.daily_metrics?.[0]]
        if (!night || !metrics || (night.quality_score ?? 0) <= 50) return []
        return [{ date, index, hours: night.hours, steps: metrics.steps ?? 0, workouts: batch?.workouts ?? [] }]
      })
    }
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    const weekdayOf = (date: string) => new Date(date).getUTCDay()
    expect(new Set(daysOf('runner').flatMap(({ date, workouts }) => workouts.map(() => weekdayOf(date))))).toEqual(
      new Set([2, 4, 6]),
    )
    const nurse = daysOf('night-nurse')
    const onShift = nurse.filter(({ hours }) => hours < 6.5)
    const off = nurse.filter(({ hours }) => hours >= 6.5)
    expect(Math.abs(onShift.length - off.length)).toBeLessThan(12)
    expect(mean(onShift.map(({ steps }) => steps))).toBeGreaterThan(1.8 * mean(off.map(({ steps }) => steps)))
    const beginner = daysOf('beginner')
    const stepsOf = (from: number, to: number) =>
      mean(beginner.filter(({ index }) => index >= from && index < to).map(({ steps }) => steps))
    expect(stepsOf(60, 90)).toBeGreaterThan(1.3 * stepsOf(0, 30))
  })

  it('generateDemoDays() makes only batches that the API accepts, whatever the seed, the day and the person', () => {
    fc.assert(
      fc.property(options, fc.constantFrom(...PERSONAS), (settings, persona) => {
        const days = generateDemoDays({ ...settings, persona })
        expect(days.filter(({ batches }) => sourcesOf(batches).includes('strava')).length).toBeLessThanOrEqual(1)
        for (const batch of days.flatMap(({ batches }) => batches)) IngestBatch.parse(batch)
      }),
      { numRuns: 30 },
    )
  })

  it('generateDemoDays() throws a RangeError for too few days', () => {
    expect(() => generateDemoDays({ seed: 1, today: '2026-03-29', days: 13 })).toThrow(
      'Cannot generate demo days: "days" must be an integer from 14 to 400, received 13',
    )
  })
})

describe('toBatches()', () => {
  it('toBatches() loses nothing and stays below the limit', () => {
    const days = generateDemoDays({ seed: 1, today: '2026-03-29', days: 90 })
    const additions = days.flatMap((day) => day.batches)
    const batches = toBatches(additions, 100)
    const total = additions.reduce((sum, batch) => sum + countItems(batch), 0)
    expect(batches.every((batch) => countItems(batch) <= 100)).toBe(true)
    expect(batches.reduce((sum, batch) => sum + countItems(batch), 0)).toBe(total)
  })
})
