import { type Route, routes } from './handler.ts'

/** Upper bounds in seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

interface Histogram {
  readonly counts: number[]
  sum: number
  total: number
}

/** What can be read at the moment of a scrape. */
interface Gauges {
  readonly isEngineUp: boolean
  readonly streams: number
  readonly engineLosses: number
  readonly replyBytes: number
}

/** Counts requests. Nothing of what is counted holds a key, a value, a token or an address. */
export interface Metrics {
  record(route: Route, status: number, durationMs: number): void
  /** The text format of Prometheus, version 0.0.4. */
  write(gauges: Gauges): string
}

function family(name: string, type: 'counter' | 'gauge' | 'histogram', help: string, lines: readonly string[]): string {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join('\n')
}

function histogramLines(name: string, route: Route, { counts, sum, total }: Histogram): string[] {
  let below = 0
  const buckets = bounds.map((bound, index) => {
    below += counts[index] ?? 0
    return `${name}_bucket{route="${route}",le="${bound}"} ${below}`
  })
  return [
    ...buckets,
    `${name}_bucket{route="${route}",le="+Inf"} ${total}`,
    `${name}_sum{route="${route}"} ${sum}`,
    `${name}_count{route="${route}"} ${total}`,
  ]
}

export function createMetrics(): Metrics {
  const requests = new Map<Route, Map<number, number>>(routes.map((route) => [route, new Map()]))
  const durations = new Map<Route, Histogram>(
    routes.map((route) => [route, { counts: bounds.map(() => 0), sum: 0, total: 0 }]),
  )

  return {
    record: (route, status, durationMs) => {
      const statuses = requests.get(route)
      statuses?.set(status, (statuses.get(status) ?? 0) + 1)
      const histogram = durations.get(route)
      if (histogram === undefined) return
      const seconds = durationMs / 1_000
      histogram.sum += seconds
      histogram.total += 1
      const bucket = bounds.findIndex((bound) => seconds <= bound)
      if (bucket !== -1) histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1
    },
    write: ({ isEngineUp, streams, engineLosses, replyBytes }) => {
      const seconds = 'millpond_rest_request_duration_seconds'
      const families = [
        family(
          'millpond_rest_requests_total',
          'counter',
          'Requests answered, by kind and status.',
          [...requests].flatMap(([route, statuses]) =>
            [...statuses].map(
              ([status, count]) => `millpond_rest_requests_total{route="${route}",status="${status}"} ${count}`,
            ),
          ),
        ),
        family(
          seconds,
          'histogram',
          'Time from the request line to the answer.',
          [...durations].flatMap(([route, histogram]) => histogramLines(seconds, route, histogram)),
        ),
        family('millpond_rest_engine_up', 'gauge', 'Whether Redis can be used now.', [
          `millpond_rest_engine_up ${isEngineUp ? 1 : 0}`,
        ]),
        family('millpond_rest_engine_losses_total', 'counter', 'Connections to Redis that were lost.', [
          `millpond_rest_engine_losses_total ${engineLosses}`,
        ]),
        family('millpond_rest_streams', 'gauge', 'Event streams that are open.', [`millpond_rest_streams ${streams}`]),
        family('millpond_rest_reply_bytes', 'gauge', 'Bytes of replies that wait to be written out.', [
          `millpond_rest_reply_bytes ${replyBytes}`,
        ]),
        family('process_resident_memory_bytes', 'gauge', 'Resident memory of the server.', [
          `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
        ]),
      ]
      return `${families.join('\n')}\n`
    },
  }
}
