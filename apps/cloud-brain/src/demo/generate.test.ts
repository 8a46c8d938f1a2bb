import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countItems, toBatches } from '../client/batches.ts'
import { IngestBatch } from '../health/ingest-batch.ts'
import { generateDemoDays } from './generate.ts'

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

  it('generateDemoDays() gives 90 days with an illness, three days without a watch and one duplicated workout', () => {
    const days = generateDemoDays({ seed: 1, today: '2026-03-29', days: 90 })
    const watch = days.flatMap(({ batches }) => batches).filter(({ source }) => source === 'apple_watch')
    const ill = watch.filter(({ sleep }) => (sleep?.[0]?.quality_score ?? 100) < 61)
    expect(days).toHaveLength(90)
    expect([days[0]?.date, days[89]?.date]).toEqual(['2025-12-30', '2026-03-29'])
    expect(watch).toHaveLength(87)
    expect(ill).toHaveLength(5)
    expect(days.filter(({ batches }) => sourcesOf(batches).includes('strava'))).toHaveLength(1)
  })

  it('generateDemoDays() makes only batches that the API accepts, whatever the seed and the day', () => {
    fc.assert(
      fc.property(options, (settings) => {
        const days = generateDemoDays(settings)
        expect(days.filter(({ batches }) => sourcesOf(batches).includes('strava'))).toHaveLength(1)
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
