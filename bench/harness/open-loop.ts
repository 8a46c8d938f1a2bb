import { setTimeout as sleep } from 'node:timers/promises'
import type { Contender } from './contender.ts'
import { quantile } from './spread.ts'

export interface OpenLoop {
  /** Arrivals a second, at constant distance, whatever the answers do. */
  readonly perSecond: number
  readonly durationMs: number
  /** How long those still under way at the end may take, 5,000 ms by default. Who is not answered then counts as this late. */
  readonly drainMs?: number
  readonly firstIndex?: number
}

/** What a turn of constant arrivals gave. Latencies run from the moment at which the operation was due, in milliseconds. */
export interface Arrivals {
  readonly arrived: number
  readonly failed: number
  /** Still without an answer after `drainMs`. */
  readonly unanswered: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Timers are a millisecond coarse: the last two milliseconds are waited for by turning the event loop. */
async function until(moment: number): Promise<void> {
  for (let left = moment - performance.now(); left > 0; left = moment - performance.now()) {
    await (left > 2 ? sleep(left - 2) : nextTurn())
  }
}

/**
 * Load that arrives at a constant rate and does not wait for answers, as the world does. A stall delays everyone who was due
 * meanwhile, and their latency counts from the moment at which they were due: nothing is omitted. Failures are counted, not thrown.
 */
export async function runOpenLoop(contender: Contender, options: OpenLoop): Promise<Arrivals> {
  const drainMs = options.drainMs ?? 5_000
  const arrived = Math.floor((options.perSecond * options.durationMs) / 1_000)
  const times: number[] = []
  let failed = 0
  const startedAt = performance.now()
  const arrive = async (dueAt: number, index: number): Promise<void> => {
    try {
      await contender.run(index)
    } catch {
      failed += 1
    }
    times.push(performance.now() - dueAt)
  }
  const underWay: Promise<void>[] = []
  for (let count = 0; count < arrived; count += 1) {
    const dueAt = startedAt + (count * 1_000) / options.perSecond
    await until(dueAt)
    underWay.push(arrive(dueAt, (options.firstIndex ?? 0) + count))
  }
  const giveUp = new AbortController()
  await Promise.race([
    Promise.all(underWay),
    sleep(drainMs, undefined, { signal: giveUp.signal }).catch(() => undefined),
  ])
  giveUp.abort()
  const unanswered = arrived - times.length
  const sorted = Float64Array.from([...times, ...Array.from({ length: unanswered }, () => drainMs)]).sort()
  const at = (share: number): number => quantile(sorted, share)
  return { arrived, failed, unanswered, p50Ms: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99), maxMs: at(1) }
}
