import { OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context, Handler } from 'hono'
import type { ApiEnv } from '../api-env.ts'
import type { Clock } from '../clock.ts'
import type { Database } from '../db/database.ts'
import { documentRoute, problems, toHeader } from '../document-route.ts'
import { etagOf, type Preconditions } from '../etag.ts'
import { changePreferences } from '../health/change-preferences.ts'
import type { Outbox } from '../health/outbox.ts'
import { type CachedPreferences, Preferences, PreferencesPatch } from '../health/preferences.ts'
import { type CachedProfile, changeProfile, Profile, ProfilePatch } from '../health/profile.ts'
import { readJsonBody } from '../read-request.ts'
import { RequestFault } from '../request-fault.ts'
import { cachedAnswer } from './cached-answer.ts'
import { cachedGet } from './cached-get.ts'

const MAX_BYTES = 16_384

const ETAG = toHeader('ETag', 'Send it in If-Match with the next change')
const Conditions = z.object({
  'if-match': z
    .string()
    .optional()
    .openapi({ description: 'The ETag of what was read; 412 when it has changed since' }),
  'if-none-match': z
    .string()
    .optional()
    .openapi({ description: '412 when it names what is there, as `*` always does' }),
})

/** What users choose, and who they are. */
export function userRoutes(deps: {
  db: Database
  outbox: Outbox
  clock: Clock
  preferences: CachedPreferences
  profile: CachedProfile
}): OpenAPIHono<ApiEnv> {
  const { outbox, preferences, profile } = deps
  const app = new OpenAPIHono<ApiEnv>()
  const security = [{ bearer: [] }]
  const tags = ['Users']

  function get(path: string, summary: string, schema: z.ZodType, handler: Handler<ApiEnv>) {
    const responses = { ...cachedAnswer(summary, schema), ...problems(401) }
    documentRoute(app, { method: 'get', path, tags, summary, security, responses }, handler)
  }

  function patch<Patch extends z.ZodType>(
    route: { path: string; summary: string; description?: string; schema: z.ZodType; patch: Patch },
    change: (c: Context<ApiEnv>, patch: z.output<Patch>, preconditions: Preconditions) => Promise<unknown>,
  ) {
    const { path, summary, description, schema } = route
    const content = { 'application/json': { schema } }
    documentRoute(
      app,
      {
        method: 'patch',
        path,
        tags,
        summary,
        ...(description !== undefined && { description }),
        security,
        request: {
          headers: Conditions,
          body: { required: true, content: { 'application/json': { schema: route.patch } } },
        },
        responses: {
          200: { description: 'As it is now', headers: ETAG, content },
          ...problems(400, 401, 412, 413, 415),
        },
      },
      async (c) => {
        const body = await readJsonBody(c, { schema: route.patch, maxBytes: MAX_BYTES })
        const preconditions = { ifMatch: c.req.header('if-match'), ifNoneMatch: c.req.header('if-none-match') }
        const changed = await change(c, body, preconditions).catch(async (error: unknown) => {
          // Whoever now reads again must meet the change that this one did not know of, which may be its own first attempt.
          if (error instanceof RequestFault && error.code === 'precondition_failed')
            await outbox.settle(c.get('userId'))
          throw error
        })
        return c.json(changed, 200, { 'Cache-Control': 'no-store', ETag: await etagOf(changed) })
      },
    )
  }

  get(
    '/me/preferences',
    'What the user chose',
    Preferences,
    cachedGet(preferences, (c) => ({ userId: c.get('userId') })),
  )
  patch(
    {
      path: '/me/preferences',
      summary: 'Change preferences',
      description: 'A new timezone puts the workouts that are there on the days they have in it.',
      schema: Preferences,
      patch: PreferencesPatch,
    },
    (c, change, preconditions) => changePreferences(deps, { userId: c.get('userId'), preconditions }, change),
  )
  get(
    '/me/profile',
    'Who the user is',
    Profile,
    cachedGet(profile, (c) => ({ userId: c.get('userId'), email: c.get('email') })),
  )
  patch(
    { path: '/me/profile', summary: 'Change the profile', schema: Profile, patch: ProfilePatch },
    (c, change, preconditions) =>
      changeProfile(deps, { userId: c.get('userId'), email: c.get('email'), preconditions }, change),
  )
  return app
}
