import { setTimeout as delay } from 'node:timers/promises'
import { align } from './align.ts'
import { checkErrors, checkLimit, checkReads, type Violation } from './check-history.ts'
import type { Loss, Operation } from './history.ts'
import type { Fault } from './nemesis.ts'
import { startControl } from './start-control.ts'
import type { Target } from './target.ts'
import { watchDeliveries } from './watch-deliveries.ts'
import { type Recovery, startWorkload } from './workload.ts'

/** What one fault did. */
export interface FaultReport {
  readonly name: string
  readonly operations: number
  readonly hits: number
  /** Answers of 503 as declared, and requests that a killed process left without an answer. */
  readonly unavailable: number
  readonly degraded: number
  /** From the end of the fault until both API processes had answered from the cache again; undefined when they did not within 30 s. */
  readonly recoveredMs: number | undefined
  /** Of that time, for how long the machine kept a process waiting that has nothing to do with the system. */
  readonly stalledMs: number
  /** What the processes answered until they had recovered. */
  readonly before: string
}

export interface Outcome {
  readonly operations: readonly Operation[]
  readonly faults: readonly FaultReport[]
  readonly violations: readonly Violation[]
  /** Keys in Redis that would stay for ever. */
  readonly keysWithoutTtl: readonly string[]
}

/**
 * Runs the faults one after the other, each held for `holdMs`, while the load goes on, and checks what everybody saw. `between` is called after each recovery.
 */
export async function runFaults(
  target: Target,
  faults: Iterable<Fault>,
  { holdMs, between }: { holdMs: number; between?: (report: FaultReport) => Promise<void> | void },
): Promise<Outcome> {
  const workload = await startWorkload(target)
  const { operations } = workload
  const control = startControl()
  const stopWatching = watchDeliveries(target.databaseUrl, operations)
  const losses: Loss[] = []
  const reports: FaultReport[] = []
  try {
    await workload.untilCached()
    for (const fault of faults) {
      const first = operations.length
      const from = performance.now()
      await fault.begin(target)
      await delay(holdMs)
      await fault.end(target)
      if (fault.losesData) losses.push({ from, to: performance.now() })
      const stalledBefore = await control.stalledMs()
      const recovery = await workload.untilCached()
      const stalledMs = (await control.stalledMs()) - stalledBefore
      const report = toReport(fault.name, operations.slice(first), { ...recovery, stalledMs })
      reports.push(report)
      await between?.(report)
    }
  } finally {
    await workload.stop()
    await stopWatching()
    control.stop()
  }
  return {
    operations,
    faults: reports,
    violations: [
      ...checkReads(operations),
      ...checkErrors(operations),
      ...checkLimit(operations, { limit: 'chat', units: 50, windowMs: 86_400_000 }, losses),
      ...checkLimit(operations, { limit: 'join', units: 5, windowMs: 60_000 }, losses),
    ],
    keysWithoutTtl: await findKeysWithoutTtl(target),
  }
}

function toReport(
  name: string,
  operations: readonly Operation[],
  { ms, before, stalledMs }: Recovery & { readonly stalledMs: number },
): FaultReport {
  return {
    name,
    operations: operations.length,
    hits: operations.filter((operation) => operation.kind === 'read' && operation.outcome === 'hit').length,
    unavailable: operations.filter(({ status }) => status === 503 || status === 0).length,
    degraded: operations.filter((operation) => operation.kind === 'take' && operation.degraded).length,
    recoveredMs: ms === undefined ? undefined : Math.round(ms),
    stalledMs: Math.round(stalledMs),
    before,
  }
}

async function findKeysWithoutTtl({ withRedis }: Target): Promise<string[]> {
  return withRedis(async (client) => {
    const found: string[] = []
    for await (const keys of client.scanStream({ count: 500 })) {
      for (const key of keys as string[]) if ((await client.pttl(key)) === -1) found.push(key)
    }
    return found
  })
}

/** The reports as a table for a terminal. */
export function toTable(reports: readonly FaultReport[]): string {
  const rows = reports.map(({ name, operations, hits, unavailable, degraded, recoveredMs }) => [
    ...[name, operations, hits, unavailable, degraded].map(String),
    recoveredMs === undefined ? 'no' : `${recoveredMs} ms`,
  ])
  return align([['fault', 'operations', 'hits', 'unavailable', 'degraded', 'recovered'], ...rows])
}
