export const dynamic = 'force-dynamic'

/** Says that the process lives: where it stays silent, start it anew. Asks nothing else. */
export function GET(): Response {
  return Response.json({ status: 'ok' }, { headers: { 'Cache-Control': 'no-store' } })
}
