import { OpenAPIHono, z } from '@hono/zod-openapi'
import type { Definition } from 'millpond'
import type { ApiEnv } from '../api-env.ts'
import { documentRoute, problems } from '../document-route.ts'
import { readJsonBody } from '../read-request.ts'
import { type StravaConnections, StravaStatus } from '../strava/connections.ts'
import { cachedAnswer } from './cached-answer.ts'
import { cachedGet } from './cached-get.ts'

const MAX_BYTES = 8192
const NO_STORE = { 'Cache-Control': 'no-store' }
const Authorize = z.object({ auth_url: z.url() }).openapi('StravaAuthorize')
const ExchangeRequest = z
  .object({ code: z.string().min(1).max(512), state: z.string().min(1).max(512) })
  .openapi('StravaExchangeRequest')
const Exchange = z.object({ athlete_id: z.int() }).openapi('StravaExchange')
const Disconnect = z.object({ success: z.boolean() }).openapi('StravaDisconnect')

/** Connecting to Strava and what became of it. */
export function integrationRoutes({
  connections,
  status,
}: {
  connections: StravaConnections
  status: Definition<[{ userId: string }], StravaStatus>
}): OpenAPIHono<ApiEnv> {
  const app = new OpenAPIHono<ApiEnv>()
  const common = { tags: ['Integrations'], security: [{ bearer: [] }] }
  const json = (description: string, schema: z.ZodType) => ({
    200: { description, content: { 'application/json': { schema } } },
  })

  documentRoute(
    app,
    {
      method: 'get',
      path: '/strava/authorize',
      summary: 'Where the user grants access',
      description: 'The URL holds a state that is for this user, once, for ten minutes; it is never cached.',
      ...common,
      responses: { ...json('The page to open', Authorize), ...problems(401) },
    },
    async (c) => c.json({ auth_url: await connections.authorize(c.get('userId')) }, 200, NO_STORE),
  )
  documentRoute(
    app,
    {
      method: 'post',
      path: '/strava/exchange',
      summary: 'Complete the connection with what Strava sent back',
      ...common,
      request: { body: { required: true, content: { 'application/json': { schema: ExchangeRequest } } } },
      responses: { ...json('Connected', Exchange), ...problems(400, 401, 413, 415) },
    },
    async (c) => {
      const body = await readJsonBody(c, { schema: ExchangeRequest, maxBytes: MAX_BYTES })
      return c.json({ athlete_id: await connections.exchange(c.get('userId'), body) }, 200, NO_STORE)
    },
  )
  documentRoute(
    app,
    {
      method: 'get',
      path: '/strava/status',
      summary: 'Whether Strava is connected',
      ...common,
      responses: { ...cachedAnswer('The connection', StravaStatus), ...problems(401) },
    },
    cachedGet(status, (c) => ({ userId: c.get('userId') })),
  )
  documentRoute(
    app,
    {
      method: 'delete',
      path: '/strava/disconnect',
      summary: 'Forget the tokens and the permission',
      ...common,
      responses: { ...json('False when there was no connection', Disconnect), ...problems(401) },
    },
    async (c) => c.json({ success: await connections.disconnect(c.get('userId')) }, 200, NO_STORE),
  )
  return app
}
