import { z } from 'zod'
import type { Current } from './api-suite.ts'
import { type Harness, TODAY } from './harness.ts'

type User = Awaited<ReturnType<Harness['createUser']>>
const Done = z.object({ code: z.string(), state: z.string(), scope: z.string() })

/** What the status says of a user who never connected, or no longer is. */
export const NOT_CONNECTED = { connected: false, sync_status: null, last_synced_at: null, athlete: null }

/** What it says right after connecting. */
export const CONNECTED = {
  connected: true,
  sync_status: 'never',
  last_synced_at: null,
  athlete: { id: 4242, name: 'Fake Athlete' },
}

/** An activity of the fake's athlete, of 10,000 steps. */
export const RUN = {
  id: 77,
  sport_type: 'Run',
  distance: 7620,
  elapsed_time: 3000,
  start_date: `${TODAY}T06:00:00Z`,
  calories: 500,
}

/** What a browser does: asks where to go, goes there, and comes back with a code. */
export async function allowStrava(user: Pick<User, 'get'>) {
  const answer = await user.get('/integrations/strava/authorize')
  const { auth_url } = z.object({ auth_url: z.url() }).parse(await answer.json())
  return Done.parse(await (await fetch(auth_url)).json())
}

/** Connects a user to the fake. */
export async function connectStrava(user: Pick<User, 'get' | 'post'>): Promise<Response> {
  const { code, state } = await allowStrava(user)
  return user.post('/integrations/strava/exchange', { code, state })
}

/** The status of a user's connection. */
export async function statusOf(user: Pick<User, 'get'>): Promise<unknown> {
  return (await user.get('/integrations/strava/status')).json()
}

/** How often the fake was asked for something, such as `POST /oauth/token`. */
export function timesAsked({ strava }: ReturnType<Current>, what: string): number {
  return strava.asked.filter((request) => request === what).length
}

/** Sends an event about {@link RUN}, or what `change` makes of it. */
export async function sendEvent({ request }: Pick<Harness, 'request'>, change: object = {}): Promise<Response> {
  return request('/webhooks/strava', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      object_type: 'activity',
      object_id: RUN.id,
      aspect_type: 'create',
      owner_id: CONNECTED.athlete.id,
      subscription_id: 1,
      event_time: 1,
      ...change,
    }),
  })
}
