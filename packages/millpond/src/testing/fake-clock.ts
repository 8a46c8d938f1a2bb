import type { Clock } from '../time/clock.ts'

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Moves time on by `ms`, firing in order what falls due, and lets promises settle in between. */
  advance(ms: number): Promise<void>
  /** Sets the time without firing anything: a step of the machine's clock. */
  set(now: number): void
}

interface Timer {
  readonly at: number
  readonly fire: () => void
}

/**
 * Creates a clock that shows `now`, milliseconds since the Unix epoch; default 2026-01-01T00:00:00Z.
 *
 * ```ts
 * import { createCache } from 'millpond'
 * import { memory } from 'millpond/memory'
 * import { createFakeClock } from 'millpond/testing'
 *
 * const clock = createFakeClock()
 * const cache = createCache({ store: memory({ clock }), namespace: 'test', clock })
 * const stats = cache.define({ name: 'stats', ttl: '5m', load: async () => 42 })
 * await stats.get()
 * await clock.advance(300_000)
 * console.log((await stats.get()).status) // miss
 * ```
 */
export function createFakeClock(now = Date.UTC(2026, 0, 1)): FakeClock {
  let current = now
  let timers: Timer[] = []
  return {
    now: () => current,
    after(ms, fire) {
      const timer = { at: current + ms, fire }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    async advance(ms) {
      const end = current + ms
      await settle()
      for (;;) {
        const due = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
        if (!due) break
        timers = timers.filter((other) => other !== due)
        current = Math.max(current, due.at)
        due.fire()
        await settle()
      }
      current = Math.max(current, end)
    },
    set(next) {
      current = next
    },
  }
}

/** Lets what is already resolved run, including digests, which resolve from another thread. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setTimeout(resolve, 0))
}
