/** A request that was answered. `route` is the pattern, never the path: no id may become a label. */
export type AnsweredRequest = { method: string; route: string; status: number; seconds: number }

/** Counts what the process does and tells it in Prometheus' text format. */
export type Metrics = {
  observe(request: AnsweredRequest): void
  /** Counts an occurrence of what is worth an alarm. */
  count(name: keyof typeof OCCURRENCES): void
  /** The text of `/metrics`; `counters` are added under their names. */
  render(more: { counters: Readonly<Record<string, number>> }): string
}

/** What is counted by name, and how often it has occurred at the start. */
const OCCURRENCES = {
  /** Workouts of Strava that cannot be stored, and will not come again. */
  strava_activities_dropped_total: 0,
}

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS'])

/** The answers of one method and route. `within` counts those of each bucket alone, and after the last bound the slower ones. */
type Series = { labels: string; sum: number; byStatus: Map<number, number>; within: number[] }

/** Creates the counters of one process. */
export function createMetrics(): Metrics {
  const answered = new Map<string, Series>()
  const occurred = { ...OCCURRENCES }

  function find(method: string, route: string): Series {
    const verb = METHODS.has(method) ? method : 'OTHER'
    const key = `${verb} ${route}`
    const known = answered.get(key)
    if (known) return known
    const labels = `method="${verb}",route="${escaped(route)}"`
    const series = { labels, sum: 0, byStatus: new Map(), within: [...BUCKETS_SECONDS, Infinity].map(() => 0) }
    answered.set(key, series)
    return series
  }

  function observe({ method, route, status, seconds }: AnsweredRequest): void {
    const series = find(method, route)
    series.sum += seconds
    series.byStatus.set(status, (series.byStatus.get(status) ?? 0) + 1)
    const bucket = BUCKETS_SECONDS.findIndex((bound) => seconds <= bound)
    const index = bucket === -1 ? BUCKETS_SECONDS.length : bucket
    series.within[index] = (series.within[index] ?? 0) + 1
  }

  function render({ counters }: { counters: Readonly<Record<string, number>> }): string {
    const lines = ['# HELP http_requests_total Requests answered.', '# TYPE http_requests_total counter']
    for (const { labels, byStatus } of answered.values()) {
      for (const [status, count] of byStatus) lines.push(`http_requests_total{${labels},status="${status}"} ${count}`)
    }
    lines.push('# HELP http_request_duration_seconds Time until the answer.')
    lines.push('# TYPE http_request_duration_seconds histogram')
    for (const series of answered.values()) lines.push(...toHistogram(series))
    for (const [name, value] of Object.entries({ ...counters, ...occurred }))
      lines.push(`# TYPE ${name} counter`, `${name} ${value}`)
    lines.push('# TYPE process_resident_memory_bytes gauge')
    lines.push(`process_resident_memory_bytes ${process.memoryUsage.rss()}`)
    return `${lines.join('\n')}\n`
  }

  const count = (name: keyof typeof OCCURRENCES) => {
    occurred[name] += 1
  }

  return { observe, count, render }
}

function toHistogram({ labels, sum, within }: Series): string[] {
  const name = 'http_request_duration_seconds'
  let count = 0
  const buckets = within.map((alone, index) => {
    count += alone
    return `${name}_bucket{${labels},le="${BUCKETS_SECONDS[index] ?? '+Inf'}"} ${count}`
  })
  return [...buckets, `${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${count}`]
}

function escaped(label: string): string {
  return label.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
}
