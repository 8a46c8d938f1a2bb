import type { Contender } from './contender.ts'
import { quantile } from './spread.ts'

export interface ClosedLoop {
  /** Callers, each of which asks again as soon as it is answered. */
  readonly concurrency: number
  /** How long the turn takes, in milliseconds. */
  readonly durationMs: number
  /**
   * Operations of one caller between two looks at the clock, 1 by default. Operations of less than about 5 µs want 100 or
   * more, or the clock is what is measured; the latencies are then means of so many operations.
   */
  readonly batch?: number
  /** The first `index` that the contender gets, 0 by default. */
  readonly firstIndex?: number
}

/** What one turn gave. */
export interface Turn {
  readonly operations: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * Load at a given concurrency. Good for rates. Its latencies hide what a stall does to those that would have come meanwhile
 * (coordinated omission): for latency under load use `runOpenLoop`.
 */
export async function runClosedLoop(contender: Contender, options: ClosedLoop): Promise<Turn> {
  const batch = options.batch ?? 1
  const times: number[] = []
  let index = options.firstIndex ?? 0
  const startedAt = performance.now()
  const end = startedAt + options.durationMs
  const caller = async (): Promise<void> => {
    for (let before = performance.now(); before < end; ) {
      for (let turn = 0; turn < batch; turn += 1) await contender.run(index++)
      const after = performance.now()
      times.push((after - before) / batch)
      before = after
    }
  }
  await Promise.all(Array.from({ length: options.concurrency }, caller))
  const tookMs = performance.now() - startedAt
  const sorted = Float64Array.from(times).sort()
  const operations = times.length * batch
  return {
    operations,
    perSecond: (operations / tookMs) * 1_000,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
  }
}
