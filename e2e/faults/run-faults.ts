import { setTimeout as delay } from 'node:timers/promises'
import { checkErrors, checkLimit, checkReads, type Violation } from './check-history.ts'
import type { Loss, Operation } from './history.ts'
import type { Fault } from './nemesis.ts'
import type { Target } from './target.ts'
import { watchDeliveries } from './watch-deliveries.ts'
import { startWorkload } from './workload.ts'

/** What one fault did. */
export interface FaultReport {
  readonly name: string
  readonly operations: number
  readonly hits: number
  /** Answers of 503 as declared, and requests that a killed process left without an answer. */
  readonly unavailable: number
  readonly degraded: number
  /** From the end of the fault until both API processes answered from the cache again; undefined when they did not within 30 s. */
  readonly recoveredMs: number | undefined
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
      const recoveredMs = await workload.untilCached()
      const report = toReport(fault.name, operations.slice(first), recoveredMs)
      reports.push(report)
      await between?.(report)
    }
  } finally {
    await workload.stop()
    await stopWatching()
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

function toReport(name: string, operations: readonly Operation[], recoveredMs: number | undefined): FaultReport {
  return {
    name,
    operations: operations.length,
    hits: operations.filter((operation) => operation.kind === 'read' && operation.outcome === 'hit').length,
    unavailable: operations.filter(({ status }) => status === 503 || status === 0).length,
    degraded: operations.filter((operation) => operation.kind === 'take' && operation.degraded).length,
    recoveredMs: recoveredMs === undefined ? undefined : Math.round(recoveredMs),
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
  const all = [['fault', 'operations', 'hits', 'unavailable', 'degraded', 'recovered'], ...rows]
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? []
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n')
}
