import { Hono } from 'hono'
import type { ApiEnv } from '../api-env.ts'
import { readJsonBody } from '../read-request.ts'
import { refuseRequest } from '../refuse-request.ts'
import { RequestFault } from '../request-fault.ts'
import { isSameSecret } from '../same-secret.ts'
import { StravaEvent, type TakeStravaEvent } from '../strava/webhook.ts'

const MAX_BYTES = 8192

/** What Strava calls: once to see that we are we, then for each event. What is not answered with 200 Strava sends again. */
export function stravaWebhookRoutes({
  take,
  verifyToken,
}: {
  take: TakeStravaEvent
  verifyToken: string
}): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()
  app.get('/', (c) => {
    const challenge = c.req.query('hub.challenge')
    const isSubscribe = c.req.query('hub.mode') === 'subscribe'
    if (!isSubscribe || challenge === undefined || !isSameSecret(c.req.query('hub.verify_token') ?? '', verifyToken)) {
      throw new RequestFault('forbidden', 'The verify token is not ours')
    }
    return c.json({ 'hub.challenge': challenge }, 200, { 'Cache-Control': 'no-store' })
  })
  app.post('/', async (c) => {
    const refused = await take(await readJsonBody(c, { schema: StravaEvent, maxBytes: MAX_BYTES }))
    if (refused) {
      c.set('nearest', refused)
      return refuseRequest(refused)
    }
    return c.json({ received: true }, 200, { 'Cache-Control': 'no-store' })
  })
  return app
}
