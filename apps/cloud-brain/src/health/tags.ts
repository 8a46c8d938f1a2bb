import type { UserId } from '../auth/user-id.ts'
import { addDays, toDayNumber, toIsoDate } from '../local-day.ts'

/** Days are also tagged in aligned blocks of these sizes, so that a year is 15 to 29 tags, 19 on average, instead of 365. */
const BLOCK_DAYS = [64, 8] as const

/** Everything cached about a user. Invalidating it forgets them. */
export function userTag(userId: UserId): string {
  return `user:${userId}`
}

/** Everything cached that depends on one local day of a user's health data. */
export function dayTag(userId: UserId, date: string): string {
  return `health:${userId}:${date}`
}

/** Everything cached that depends on the goals a user has set. */
export function goalsTag(userId: UserId): string {
  return `goals:${userId}`
}

/**
 * The fewest tags that cover the days `from` to `to`, both included, and no other day. At most 29 for a year.
 * {@link touchedTags} of a day inside holds exactly one of them, of a day outside none.
 */
export function rangeTags(userId: UserId, { from, to }: { from: string; to: string }): string[] {
  const tags: string[] = []
  const last = toDayNumber(to)
  let day = toDayNumber(from)
  while (day <= last) {
    const start = day
    const size = BLOCK_DAYS.find((days) => floorMod(start, days) === 0 && start + days - 1 <= last)
    tags.push(size === undefined ? dayTag(userId, toIsoDate(day)) : blockTag(userId, day, size))
    day += size ?? 1
  }
  return tags
}

/** Every tag that a change of these days makes stale: the days themselves and the blocks they lie in. */
export function touchedTags(userId: UserId, dates: readonly string[]): string[] {
  const tags = dates.flatMap((date) => {
    const day = toDayNumber(date)
    return [dayTag(userId, date), ...BLOCK_DAYS.map((size) => blockTag(userId, day - floorMod(day, size), size))]
  })
  return [...new Set(tags)]
}

/** The days `count` back from `date`, `date` included. */
export function daysBack(date: string, count: number): { from: string; to: string } {
  return { from: addDays(date, 1 - count), to: date }
}

/** Never negative: a workout just after the first midnight that the API knows may lie on the day before, number -1. */
function floorMod(day: number, size: number): number {
  return ((day % size) + size) % size
}

function blockTag(userId: UserId, firstDay: number, size: number): string {
  return `health:${userId}:${toIsoDate(firstDay)}+${size}`
}
