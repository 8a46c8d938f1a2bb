import { runtime } from '../../lib/runtime.ts'

export const dynamic = 'force-dynamic'

/** Says whether visitors can be sent here: 503 while the database is away. A store that is away does not show here, since the site serves without it. */
export async function GET(): Promise<Response> {
  const isReady = await runtime().health.isDatabaseUp()
  const status = isReady ? 'ready' : 'unavailable'
  return Response.json({ status }, { status: isReady ? 200 : 503, headers: { 'Cache-Control': 'no-store' } })
}
