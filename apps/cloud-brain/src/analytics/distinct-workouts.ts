import type { WorkoutRow } from './health-rows.ts'

/** Comparing all with all would let one user's flood of workouts occupy the process for everybody. Nobody trains this often in a day. */
const MAX_COMPARED = 200

/**
 * The workouts that really took place: two sources that report overlapping times report the same workout.
 *
 * Two workouts are one when they come from different sources and share at least half of the shorter one's time. The
 * one that is kept has a distance, then lasts longest, then comes first by source and id, whatever order they arrive in.
 * Two workouts of one source are never merged: a source knows its own. Each is compared with the first 200 that are kept,
 * so the time grows with the number of workouts, not with its square.
 */
export function distinctWorkouts(workouts: readonly WorkoutRow[]): WorkoutRow[] {
  const kept: WorkoutRow[] = []
  const compared: WorkoutRow[] = []
  for (const candidate of workouts.toSorted(byCompleteness)) {
    if (compared.some((other) => isSameWorkout(candidate, other))) continue
    kept.push(candidate)
    if (compared.length < MAX_COMPARED) compared.push(candidate)
  }
  return kept
}

function isSameWorkout(a: WorkoutRow, b: WorkoutRow): boolean {
  if (a.source === b.source) return false
  const overlapMs = Math.min(endMs(a), endMs(b)) - Math.max(startMs(a), startMs(b))
  const shorterMs = Math.min(a.durationSeconds, b.durationSeconds) * 1000
  return overlapMs >= shorterMs / 2
}

function byCompleteness(a: WorkoutRow, b: WorkoutRow): number {
  return (
    Number(b.distanceMeters !== null) - Number(a.distanceMeters !== null) ||
    b.durationSeconds - a.durationSeconds ||
    byText(a.source, b.source) ||
    byText(a.originalId, b.originalId)
  )
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const startMs = (workout: WorkoutRow) => workout.startTime.getTime()
const endMs = (workout: WorkoutRow) => startMs(workout) + workout.durationSeconds * 1000
