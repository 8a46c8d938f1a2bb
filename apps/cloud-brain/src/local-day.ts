import { z } from '@hono/zod-openapi'

const FIRST_DAY = '1900-01-01'
const LAST_DAY = '2199-12-31'
const DAY_MS = 86_400_000
const FIRST_DAY_MS = Date.parse(`${FIRST_DAY}T00:00:00Z`)

/** A calendar day such as `2026-03-29`, from 1900 to 2199. It has no timezone: it is whatever day the user lived. */
export const IsoDate = z.iso
  .date({ abort: true, error: 'must be a day such as 2026-01-31' })
  .refine((date) => date >= FIRST_DAY && date <= LAST_DAY, `must be from ${FIRST_DAY} to ${LAST_DAY}`)

/** An IANA timezone name such as `Europe/Lisbon`. */
export const TimeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, 'must be an IANA timezone such as "Europe/Lisbon"')
  .openapi({ example: 'Europe/Lisbon' })

const formats = new Map<string, Intl.DateTimeFormat>()

/**
 * The calendar day that an instant falls on in a timezone.
 *
 * @throws RangeError when the timezone is unknown or the instant is not a valid date
 */
export function toLocalDay(instant: Date, timezone: string): string {
  const parts = new Map(
    dayFormat(timezone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, value]),
  )
  return `${parts.get('year')?.padStart(4, '0')}-${parts.get('month')}-${parts.get('day')}`
}

/** The day `count` days after `date` (before it when negative). */
export function addDays(date: string, count: number): string {
  return toIsoDate(toDayNumber(date) + count)
}

/** Days since the first that the API knows ({@link IsoDate}), which is 0; never negative for a valid day. */
export function toDayNumber(date: string): number {
  return (Date.parse(`${date}T00:00:00Z`) - FIRST_DAY_MS) / DAY_MS
}

/** The day with this number. */
export function toIsoDate(dayNumber: number): string {
  return new Date(FIRST_DAY_MS + dayNumber * DAY_MS).toISOString().slice(0, 10)
}

/** The `count` days that end with `last`, oldest first. */
export function daysEnding(last: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => addDays(last, index - count + 1))
}

function dayFormat(timezone: string): Intl.DateTimeFormat {
  const known = formats.get(timezone)
  if (known) return known
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  })
  // Building one costs more than a query; names differ in case, so the map needs a bound.
  if (formats.size >= 1000) formats.clear()
  formats.set(timezone, format)
  return format
}

function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    dayFormat(name)
    return true
  } catch {
    return false
  }
}
