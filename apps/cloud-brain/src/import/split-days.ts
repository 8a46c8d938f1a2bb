import { toLocalDay } from '../local-day.ts'

/** A local day and the part of a span that lies on it, from 0 to 1. */
export type DayShare = { date: string; share: number }

/** Tells which local days a span of time lies on. */
export type SplitDays = {
  dayOf(instant: number): string
  /** The days from `start` to `end`, in order, with the share of each. A span without length, or of more than a week, is all on its first day. */
  split(start: number, end: number): DayShare[]
}

/** Every offset that timezones have had since 1970 is a multiple of this, so local midnight always falls on one. */
const STEP_MS = 900_000
const LONGEST_MS = 7 * 86_400_000
const MAX_CACHED = 200_000

/** Creates it for one timezone. Millions of instants are told fast, because those of one quarter of an hour share their day. */
export function createSplitDays(timezone: string): SplitDays {
  const days = new Map<number, string>()

  function dayOf(instant: number): string {
    const step = Math.floor(instant / STEP_MS)
    const known = days.get(step)
    if (known !== undefined) return known
    const day = toLocalDay(new Date(step * STEP_MS), timezone)
    if (days.size >= MAX_CACHED) days.clear()
    days.set(step, day)
    return day
  }

  /** The first instant after `start` that is on another day than it; `end` is. */
  function midnightAfter(start: number, end: number): number {
    const day = dayOf(start)
    let [low, high] = [Math.floor(start / STEP_MS), Math.ceil(end / STEP_MS)]
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (dayOf(middle * STEP_MS) === day) low = middle
      else high = middle
    }
    return high * STEP_MS
  }

  function split(start: number, end: number): DayShare[] {
    const length = end - start
    const last = end - 1
    if (length <= 0 || length > LONGEST_MS || dayOf(start) === dayOf(last)) return [{ date: dayOf(start), share: 1 }]
    const shares: DayShare[] = []
    for (let from = start; from < end; ) {
      const date = dayOf(from)
      const to = date === dayOf(last) ? end : midnightAfter(from, last)
      shares.push({ date, share: (to - from) / length })
      from = to
    }
    return shares
  }

  return { dayOf, split }
}
