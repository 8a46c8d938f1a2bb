import { problem } from 'millpond/http'
import type { RouteContext } from '../api/api-route.ts'

/** GET /api/waitlist/live: the figures as server-sent events, as they change. 503 when too many watch; the page then asks now and then. */
export async function answerLive({ request, runtime, client }: RouteContext): Promise<Response> {
  // Nobody reads what follows the head, and nobody would leave.
  const stream = request.method === 'HEAD' ? null : runtime.figuresStreams.open(client.address)
  if (stream === undefined) {
    return problem({
      status: 503,
      title: 'Service unavailable',
      detail: 'All places for watching are taken; ask /api/waitlist/stats now and then',
      headers: { 'Retry-After': '60', 'Cache-Control': 'no-store' },
    })
  }
  return new Response(stream, {
    headers: {
      'Content-Type': 'text/event-stream; charset=utf-8',
      // Neither compressed nor gathered on the way, or the events would arrive in heaps.
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
    },
  })
}
