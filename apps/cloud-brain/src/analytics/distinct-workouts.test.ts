import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { distinctWorkouts } from './distinct-workouts.ts'
import type { WorkoutRow } from './health-rows.ts'

const workout = (source: string, start: string, minutes: number, distanceMeters: number | null = null): WorkoutRow => ({
  source,
  originalId: `${source}-${start}`,
  date: '2026-03-28',
  startTime: new Date(`2026-03-28T${start}:00Z`),
  durationSeconds: minutes * 60,
  distanceMeters,
  calories: 300,
})
const ids = (workouts: readonly WorkoutRow[]) => workouts.map(({ originalId }) => originalId).sort()

const anyWorkout = fc
  .record({
    source: fc.constantFrom('watch', 'strava', 'garmin'),
    minute: fc.nat(120),
    length: fc.integer({ min: 1, max: 90 }),
  })
  .map(({ source, minute, length }) => ({
    ...workout(
      source,
      `${String(6 + Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`,
      length,
    ),
    originalId: `${source}-${minute}-${length}`,
  }))

describe('distinctWorkouts()', () => {
  it('distinctWorkouts() counts a workout that two sources report once, and keeps the one with a distance', () => {
    expect(ids(distinctWorkouts([workout('watch', '07:00', 31), workout('strava', '07:01', 30, 5000)]))).toEqual([
      'strava-07:01',
    ])
  })

  it('distinctWorkouts() keeps workouts that share less than half of the shorter one', () => {
    expect(ids(distinctWorkouts([workout('watch', '07:00', 30), workout('strava', '07:16', 30)]))).toEqual([
      'strava-07:16',
      'watch-07:00',
    ])
  })

  it('distinctWorkouts() makes one of two that share exactly half, and of equals keeps the first by source', () => {
    for (const start of ['07:15', '07:00']) {
      const twins = [
        { ...workout('watch', '07:00', 30), originalId: '1' },
        { ...workout('strava', start, 30), originalId: '2' },
      ]
      expect([ids(distinctWorkouts(twins)), ids(distinctWorkouts(twins.toReversed()))]).toEqual([['2'], ['2']])
    }
  })

  it('distinctWorkouts() keeps two workouts of one source that overlap', () => {
    expect(ids(distinctWorkouts([workout('watch', '07:00', 30), workout('watch', '07:05', 30)]))).toEqual([
      'watch-07:00',
      'watch-07:05',
    ])
  })

  it('distinctWorkouts() compares a workout with the 200 most complete of its day only, so that a flood of them costs little', () => {
    const flood = Array.from({ length: 201 }, (_, index) => ({
      ...workout('watch', '07:00', 300 - index),
      originalId: `watch-${index + 1}`,
      startTime: new Date(Date.UTC(2026, 2, 28 + index)),
    }))
    const twins = flood.slice(-2).map((item) => ({
      ...item,
      source: 'strava',
      originalId: `twin of ${item.originalId}`,
      durationSeconds: 60,
    }))
    expect(ids(distinctWorkouts([...twins, ...flood])).filter((id) => id.startsWith('twin'))).toEqual([
      'twin of watch-201',
    ])
  })

  it('distinctWorkouts() does not depend on the order', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(anyWorkout, { selector: ({ originalId }) => originalId, maxLength: 8 }),
        fc.infiniteStream(fc.nat(1000)),
        (workouts, keys) => {
          const shuffled = workouts
            .map((item) => ({ item, key: keys.next().value }))
            .toSorted((a, b) => a.key - b.key)
            .map(({ item }) => item)
          expect(ids(distinctWorkouts(shuffled))).toEqual(ids(distinctWorkouts(workouts)))
        },
      ),
    )
  })
})
