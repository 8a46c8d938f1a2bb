const HOUR_MS = 3_600_000

/** A stretch of time, in milliseconds. */
export type Interval = readonly [start: number, end: number]

/** The hours that the intervals cover together: where they overlap, time counts once. */
export function hoursCovered(intervals: readonly Interval[]): number {
  let covered = 0
  let reached = Number.NEGATIVE_INFINITY
  for (const [start, end] of intervals.toSorted(([a], [b]) => a - b)) {
    covered += Math.max(0, end - Math.max(start, reached))
    reached = Math.max(reached, end)
  }
  return covered / HOUR_MS
}
