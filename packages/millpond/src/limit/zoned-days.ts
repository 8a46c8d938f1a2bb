import { toShown } from '../time/duration.ts'

const DAY_MS = 86_400_000
/** No zone is further from UTC than this, so a local day begins within it of the same date's midnight in UTC. */
const FURTHEST_MS = 15 * 3_600_000

/** Gives the starts of the calendar days around a moment, in milliseconds since the Unix epoch: of the day before, of its own, and of the two after it. */
export type ZonedDays = (moment: number) => readonly number[]

/**
 * Creates the calendar of an IANA time zone. A day begins with the first instant of its date, also where clocks skip midnight. Remembers the days around the last moment.
 *
 * @throws {RangeError} when the runtime does not know the zone
 */
export function createZonedDays(action: string, timeZone: string): ZonedDays {
  const format = createFormat(action, timeZone)
  let known: readonly number[] = []

  function toDate(moment: number): number {
    const parts = new Map(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]))
    return Date.UTC(parts.get('year') ?? 0, (parts.get('month') ?? 1) - 1, parts.get('day') ?? 1)
  }

  /** The first instant whose local date is `date` (midnight in UTC) or later. */
  function toStart(date: number): number {
    let before = date - FURTHEST_MS
    let after = date + FURTHEST_MS
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2)
      if (toDate(middle) < date) before = middle
      else after = middle
    }
    return after
  }

  return (moment) => {
    const [, today = Number.POSITIVE_INFINITY, tomorrow = 0] = known
    if (moment < today || moment >= tomorrow) {
      const date = toDate(moment)
      known = [-1, 0, 1, 2].map((days) => toStart(date + days * DAY_MS))
    }
    return known
  }
}

function createFormat(action: string, timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en', {
      timeZone,
      calendar: 'gregory',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
    })
  } catch {
    throw new RangeError(
      `${action}: "timeZone" must be an IANA time zone such as "Europe/Berlin", received ${toShown(timeZone)}`,
    )
  }
}
