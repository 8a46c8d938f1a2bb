import { type Clock, instantOf, within } from '../time/clock.ts'

/** Runs a load at once, or when `bounded` as soon as fewer than the allowed number of bounded loads run. First come, first served. */
export type Gate = <T>(bounded: boolean, run: () => Promise<T>) => Promise<T>

interface Place {
  /** When its load began. */
  since: number
  go: () => void
}

/**
 * Creates a gate that lets `limit` bounded loads run at once: what the store usually keeps from the origin must not hit it all together. A load counts, and another waits, for `patienceMs` at most: on
 * some platforms a request takes its loads with it when it ends.
 */
export function createGate(limit: number, clock: Clock, patienceMs: number): Gate {
  const running = new Set<Place>()
  const waiting = new Set<Place>()
  return async (bounded, run) => {
    if (!bounded) return run()
    const place: Place = { since: instantOf(clock), go: () => {} }
    for (const other of running) if (other.since + patienceMs < place.since) running.delete(other)
    if (running.size >= limit) {
      waiting.add(place)
      const turn = new Promise<void>((go) => {
        place.go = go
      })
      await within(clock, patienceMs, turn)
      waiting.delete(place)
    }
    place.since = instantOf(clock)
    running.add(place)
    try {
      return await run()
    } finally {
      running.delete(place)
      // The place goes to the next in line, or back.
      const [next] = waiting
      if (next) {
        waiting.delete(next)
        running.add(next)
        next.go()
      }
    }
  }
}
