import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserId } from '../auth/user-id.ts'
import { addDays } from '../local-day.ts'
import { daysBack, rangeTags, touchedTags } from './tags.ts'

const USER = UserId.parse('5eed0000-0000-4000-8000-000000000001')

describe('rangeTags()', () => {
  it('rangeTags() shares exactly one tag with a day inside, none with a day outside, and is short', () => {
    const day = fc.integer({ min: -3, max: 100_000 }).map((number) => addDays('1900-01-01', number))
    fc.assert(
      fc.property(day, fc.integer({ min: 1, max: 371 }), fc.integer({ min: -400, max: 400 }), (from, days, offset) => {
        const to = addDays(from, days - 1)
        const tags = new Set(rangeTags(USER, { from, to }))
        const touched = addDays(from, offset)
        const inside = offset >= 0 && offset < days
        expect(touchedTags(USER, [touched]).filter((tag) => tags.has(tag))).toHaveLength(inside ? 1 : 0)
        expect(tags.size).toBeLessThanOrEqual(33)
      }),
    )
  })

  it('rangeTags() covers a year with 15 to 29 tags, 19 on average', () => {
    const counts = Array.from({ length: 64 }, (_, offset) => {
      const from = addDays('2026-01-01', offset)
      return rangeTags(USER, { from, to: addDays(from, 364) }).length
    })
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length
    expect([Math.min(...counts), Math.max(...counts), Math.round(mean)]).toEqual([15, 29, 19])
  })
})

it('daysBack() counts the day itself', () => {
  expect([1, 14].map((count) => daysBack('2026-03-02', count))).toEqual([
    { from: '2026-03-02', to: '2026-03-02' },
    { from: '2026-02-17', to: '2026-03-02' },
  ])
})

it('touchedTags() puts the day before the first into a block before it', () => {
  const first = rangeTags(USER, { from: '1900-01-01', to: '1900-01-08' })
  const shared = (date: string) => touchedTags(USER, [date]).filter((tag) => first.includes(tag)).length
  expect(['1899-12-31', '1900-01-01', '1900-01-08', '1900-01-09'].map(shared)).toEqual([0, 1, 1, 0])
})
