import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { addDays, daysEnding, IsoDate, TimeZone, toLocalDay } from './local-day.ts'

const ZONES = ['UTC', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'America/St_Johns', 'Asia/Kathmandu', 'Europe/Lisbon']
const instants = fc.date({ min: new Date('1970-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })

describe('toLocalDay()', () => {
  it.each([
    ['2026-03-29T09:59:59Z', 'Pacific/Kiritimati', '2026-03-29'],
    ['2026-03-29T10:00:00Z', 'Pacific/Kiritimati', '2026-03-30'],
    ['2026-03-29T02:29:59Z', 'America/St_Johns', '2026-03-28'],
    ['2026-03-29T02:30:00Z', 'America/St_Johns', '2026-03-29'],
    ['2026-03-28T23:59:59Z', 'Europe/Lisbon', '2026-03-28'],
    ['2026-03-29T23:00:00Z', 'Europe/Lisbon', '2026-03-30'],
  ])('toLocalDay() puts %s in %s on %s', (instant, timezone, day) => {
    expect(toLocalDay(new Date(instant), timezone)).toBe(day)
  })

  it('toLocalDay() is the UTC day in UTC', () => {
    fc.assert(
      fc.property(instants, (instant) => {
        expect(toLocalDay(instant, 'UTC')).toBe(instant.toISOString().slice(0, 10))
      }),
    )
  })

  it('toLocalDay() is at most a day from the UTC day, and never goes back while time goes on', () => {
    fc.assert(
      fc.property(instants, fc.constantFrom(...ZONES), fc.integer({ min: 0, max: 86_400_000 }), (start, zone, ms) => {
        const day = toLocalDay(start, zone)
        const utc = start.toISOString().slice(0, 10)
        expect([addDays(utc, -1), utc, addDays(utc, 1)]).toContain(day)
        expect(toLocalDay(new Date(start.getTime() + ms), zone) >= day).toBe(true)
      }),
    )
  })

  it('toLocalDay() throws a RangeError for an unknown timezone', () => {
    expect(() => toLocalDay(new Date(0), 'Mars/Olympus')).toThrow(RangeError)
  })
})

describe('addDays()', () => {
  it('addDays() undoes itself', () => {
    fc.assert(
      fc.property(instants, fc.integer({ min: -1000, max: 1000 }), (instant, count) => {
        const day = instant.toISOString().slice(0, 10)
        expect(addDays(addDays(day, count), -count)).toBe(day)
      }),
    )
  })
})

describe('daysEnding()', () => {
  it('daysEnding() lists days oldest first over a leap day', () => {
    expect(daysEnding('2028-03-01', 3)).toEqual(['2028-02-28', '2028-02-29', '2028-03-01'])
  })
})

describe('IsoDate', () => {
  it.each(['2026-02-30', '2026-2-3', '20260203', '1899-12-31', '2200-01-01', '2026-02-03T00:00:00Z', ''])(
    'IsoDate refuses %j',
    (date) => {
      expect(IsoDate.safeParse(date).success).toBe(false)
    },
  )
})

it.each(['1900-01-01', '2000-02-29', '2199-12-31'])('IsoDate takes %s', (date) => {
  expect(IsoDate.parse(date)).toBe(date)
})

describe('TimeZone', () => {
  it.each([
    ['Europe/Lisbon', true],
    ['UTC', true],
    ['+05:30', false],
    ['Mars/Olympus', false],
    ['', false],
  ])('TimeZone judges %j as %s', (name, expected) => {
    expect(TimeZone.safeParse(name).success).toBe(expected)
  })

  it('TimeZone builds no second format for a name that it knows', () => {
    const build = vi.spyOn(Intl, 'DateTimeFormat')
    for (const name of ['Asia/Tashkent', 'Asia/Tashkent']) expect(TimeZone.safeParse(name).success).toBe(true)
    expect(build).toHaveBeenCalledTimes(1)
    build.mockRestore()
  })
})
