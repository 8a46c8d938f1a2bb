import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserId } from '../auth/user-id.ts'
import { addDays, toDayNumber } from '../local-day.ts'
import { rangeTags, touchedTags } from './tags.ts'

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

  it('rangeTags() covers a year with few tags', () => {
    expect(toDayNumber('1900-01-01')).toBe(0)
    expect(rangeTags(USER, { from: '1900-01-01', to: '1900-12-31' })).toHaveLength(5 + 5 + 5)
  })
})
