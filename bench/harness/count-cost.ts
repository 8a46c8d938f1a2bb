/** A connection of one's own to the Redis that is watched; ioredis and node-redis both fit. */
export interface InfoSource {
  info(section: string): Promise<string>
}

/** What one operation costs on the server. Commands inside scripts are counted, as Upstash bills them. */
export interface CostOfOne {
  readonly commands: number
  /** Reads from sockets. With one operation at a time this is its number of round trips. */
  readonly roundTrips: number
  /** Bytes the server received. */
  readonly bytesIn: number
  /** Bytes the server sent. */
  readonly bytesOut: number
  /** Calls by command: `{ mget: 1 }`. */
  readonly byCommand: Readonly<Record<string, number>>
}

/** Asked for here, and by our REST server, which seals what holds a script; no library that is measured sends them. */
const notCounted = new Set(['info', 'echo'])

interface Counters {
  readonly reads: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly calls: ReadonlyMap<string, number>
}

async function readCounters(source: InfoSource): Promise<Counters> {
  const calls = new Map<string, number>()
  for (const [, name = '', count] of (await source.info('commandstats')).matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)) {
    if (!notCounted.has(name)) calls.set(name, Number(count))
  }
  const stats = await source.info('stats')
  const read = (field: string): number => Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(stats)?.[1])
  return {
    reads: read('total_reads_processed'),
    bytesIn: read('total_net_input_bytes'),
    bytesOut: read('total_net_output_bytes'),
    calls,
  }
}

function callsBetween(before: Counters, after: Counters, operations: number): Record<string, number> {
  const made = [...after.calls].map(
    ([name, count]) => [name, (count - (before.calls.get(name) ?? 0)) / operations] as const,
  )
  return Object.fromEntries(made.filter(([, count]) => count > 0).map(([name, count]) => [name, rounded(count)]))
}

const rounded = (value: number): number => Math.max(0, Math.round(value * 1_000) / 1_000)

/**
 * Runs `operation` (which makes `operations` operations, 1 by default) and says what one of them cost the server. What the
 * counting itself costs is measured first and taken off. Nobody else may talk to that server meanwhile.
 */
export async function countCost(
  source: InfoSource,
  operation: () => Promise<unknown>,
  operations = 1,
): Promise<CostOfOne> {
  // The very first look makes INFO itself appear in the figures.
  await readCounters(source)
  const idle = await readCounters(source)
  const before = await readCounters(source)
  await operation()
  const after = await readCounters(source)
  const one = (field: 'reads' | 'bytesIn' | 'bytesOut'): number =>
    rounded((after[field] - before[field] - (before[field] - idle[field])) / operations)
  const byCommand = callsBetween(before, after, operations)
  return {
    commands: rounded(Object.values(byCommand).reduce((sum, count) => sum + count, 0)),
    roundTrips: one('reads'),
    bytesIn: Math.round(one('bytesIn')),
    bytesOut: Math.round(one('bytesOut')),
    byCommand,
  }
}
