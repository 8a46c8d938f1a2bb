/** A request that was answered. `route` is the pattern, never the path: no id may become a label. */
export type AnsweredRequest = { method: string; route: string; status: number; seconds: number }

/** Counts what the process does and tells it in Prometheus' text format. */
export type Metrics = {
  observe(request: AnsweredRequest): void
  /** The text of `/metrics`; `counters` are added under their names. */
  render(more: { counters: Readonly<Record<string, number>> }): string
}

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS'])

type Series = { labels: string; count: number; sum: number; buckets: number[] }

/** Creates the counters of one process. */
export function createMetrics(): Metrics {
  const requests = new Map<string, number>()
  const durations = new Map<string, Series>()

  function observe({ method, route, status, seconds }: AnsweredRequest): void {
    const verb = METHODS.has(method) ? method : 'OTHER'
    const base = `method="${verb}",route="${escaped(route)}"`
    const labels = `${base},status="${status}"`
    requests.set(labels, (requests.get(labels) ?? 0) + 1)
    const series = durations.get(base) ?? { labels: base, count: 0, sum: 0, buckets: BUCKETS_SECONDS.map(() => 0) }
    durations.set(base, series)
    series.count += 1
    series.sum += seconds
    for (const [index, bound] of BUCKETS_SECONDS.entries()) {
      if (seconds <= bound) series.buckets[index] = (series.buckets[index] ?? 0) + 1
    }
  }

  function render({ counters }: { counters: Readonly<Record<string, number>> }): string {
    const lines = ['# HELP http_requests_total Requests answered.', '# TYPE http_requests_total counter']
    for (const [labels, count] of requests) lines.push(`http_requests_total{${labels}} ${count}`)
    lines.push('# HELP http_request_duration_seconds Time until the answer.')
    lines.push('# TYPE http_request_duration_seconds histogram')
    for (const series of durations.values()) lines.push(...toHistogram(series))
    for (const [name, value] of Object.entries(counters)) lines.push(`# TYPE ${name} counter`, `${name} ${value}`)
    lines.push('# TYPE process_resident_memory_bytes gauge')
    lines.push(`process_resident_memory_bytes ${process.memoryUsage.rss()}`)
    return `${lines.join('\n')}\n`
  }

  return { observe, render }
}

function toHistogram({ labels, count, sum, buckets }: Series): string[] {
  const name = 'http_request_duration_seconds'
  return [
    ...BUCKETS_SECONDS.map((bound, index) => `${name}_bucket{${labels},le="${bound}"} ${buckets[index]}`),
    `${name}_bucket{${labels},le="+Inf"} ${count}`,
    `${name}_sum{${labels}} ${sum}`,
    `${name}_count{${labels}} ${count}`,
  ]
}

function escaped(label: string): string {
  return label.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
}
