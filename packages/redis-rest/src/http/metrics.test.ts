import { describe, expect, it } from 'vitest'
import { createMetrics } from './metrics.ts'

describe('createMetrics()', () => {
  it('write() counts by kind and status, and puts durations into buckets', () => {
    const metrics = createMetrics()
    metrics.record('pipeline', 200, 0.5)
    metrics.record('pipeline', 200, 3)
    metrics.record('command', 401, 60_000)
    const text = metrics.write({ isEngineUp: true, streams: 2, engineLosses: 1, replyBytes: 7 })
    const lines = text.split('\n')
    expect(lines).toContain('millpond_rest_requests_total{route="pipeline",status="200"} 2')
    expect(lines).toContain('millpond_rest_requests_total{route="command",status="401"} 1')
    expect(lines).toContain('millpond_rest_request_duration_seconds_bucket{route="pipeline",le="0.001"} 1')
    expect(lines).toContain('millpond_rest_request_duration_seconds_bucket{route="pipeline",le="0.005"} 2')
    expect(lines).toContain('millpond_rest_request_duration_seconds_bucket{route="command",le="10"} 0')
    expect(lines).toContain('millpond_rest_request_duration_seconds_bucket{route="command",le="+Inf"} 1')
    expect(lines).toContain('millpond_rest_request_duration_seconds_count{route="pipeline"} 2')
    expect(lines).toContain('millpond_rest_engine_up 1')
    expect(lines).toContain('millpond_rest_engine_losses_total 1')
    expect(lines).toContain('millpond_rest_streams 2')
    expect(lines).toContain('millpond_rest_reply_bytes 7')
    expect(text.endsWith('\n')).toBe(true)
  })
})
