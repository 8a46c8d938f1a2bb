import { describe, expect, it } from 'vitest'
import { createMetrics } from './metrics.ts'

describe('createMetrics()', () => {
  it('counts by method, pattern and status, and each bucket with all that are faster', () => {
    const { observe, render } = createMetrics()
    for (const [status, seconds] of [
      [200, 0.005],
      [200, 0.3],
      [304, 11],
    ] as const) {
      observe({ method: 'GET', route: '/days/:day', status, seconds })
    }
    observe({ method: 'BREW', route: '/"a\\b\n', status: 404, seconds: 0 })
    const lines = render({ counters: { kept: 3 } }).split('\n')
    const of = (start: string) => lines.filter((line) => line.startsWith(start))
    expect(of('http_requests_total')).toEqual([
      'http_requests_total{method="GET",route="/days/:day",status="200"} 2',
      'http_requests_total{method="GET",route="/days/:day",status="304"} 1',
      'http_requests_total{method="OTHER",route="/\\"a\\\\b\\n",status="404"} 1',
    ])
    const labels = 'method="GET",route="/days/:day"'
    const buckets = of(`http_request_duration_seconds_bucket{${labels}`).map((line) => line.slice(-1))
    expect(buckets.join('')).toBe('111111222223')
    expect(of(`http_request_duration_seconds_count{${labels}`)).toEqual([
      `http_request_duration_seconds_count{${labels}} 3`,
    ])
    expect(of('kept')).toEqual(['kept 3'])
  })
})
