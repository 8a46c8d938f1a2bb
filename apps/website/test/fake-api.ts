import { createServer } from 'node:http'

/** A loopback server that answers as Cloud Brain does to the demonstration page: the second reading is a hit, until an ingest; of two sources of a day the larger counts. */
export async function startFakeApi(): Promise<{ url: string; close(): Promise<void> }> {
  // More than most people walk: what is sent must still show.
  let steps = 31_321
  let isFresh = false
  let remaining = 100
  const dates = ['2026-10-26', '2026-10-27', '2026-10-28', '2026-10-29', '2026-10-30', '2026-10-31', '2026-11-01']
  const bodies: Record<string, () => unknown> = {
    '/dev/token': () => ({ token: 'demo', sub: 'demo' }),
    '/api/v1/health/ingest': () => ({ accepted: 1 }),
    '/api/v1/analytics/daily-summary': () => ({
      date: '2026-11-01',
      steps,
      calories_consumed: null,
      calories_burned: 512.5,
      workouts_count: 1,
      sleep_hours: 7.25,
      weight_kg: null,
    }),
    '/api/v1/analytics/weekly-trends': () => ({
      dates,
      steps: [9_000, 12_500, null, 4_000, 7_000, 6_100, steps],
      calories_in: [null, null, null, null, null, null, null],
      calories_out: [400, 500, null, 300, 320, 410, 512.5],
      sleep_hours: [7, 6.5, 8, null, 7.5, 6, 7.25],
    }),
  }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const path = request.url ?? ''
    if (path === '/api/v1/health/ingest') {
      steps = Math.max(steps, JSON.parse(Buffer.concat(chunks).toString()).daily_metrics[0].steps)
      isFresh = false
    }
    remaining -= 1
    response.writeHead(200, {
      'content-type': 'application/json',
      'cache-status': isFresh ? 'millpond; hit; ttl=290' : 'millpond; fwd=miss; stored; ttl=300; detail=absent',
      'x-ratelimit-limit': '100',
      'x-ratelimit-remaining': String(remaining),
    })
    response.end(JSON.stringify(bodies[path]?.() ?? {}))
    if (path === '/api/v1/analytics/weekly-trends') isFresh = true
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
