import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { cachedRoute } from 'millpond/hono'
import type { ApiEnv } from '../api-env.ts'
import type { Database } from '../db/database.ts'
import { documentRoute, problems } from '../document-route.ts'
import { changePreferences } from '../health/change-preferences.ts'
import type { Outbox } from '../health/outbox.ts'
import { type CachedPreferences, Preferences, PreferencesPatch } from '../health/preferences.ts'
import { readJsonBody } from '../read-request.ts'

const MAX_BYTES = 16_384
const answer = { description: 'The preferences', content: { 'application/json': { schema: Preferences } } }

/** What users choose. */
export function userRoutes(deps: {
  db: Database
  outbox: Outbox
  preferences: CachedPreferences
}): OpenAPIHono<ApiEnv> {
  const { db, outbox, preferences } = deps
  const app = new OpenAPIHono<ApiEnv>()
  documentRoute(
    app,
    {
      method: 'get',
      path: '/me/preferences',
      tags: ['Users'],
      summary: 'What the user chose',
      security: [{ bearer: [] }],
      responses: { 200: answer, ...problems(401, 429, 503) },
    },
    cachedRoute(preferences, (c: Context<ApiEnv>) => ({ userId: c.get('userId') })),
  )
  documentRoute(
    app,
    {
      method: 'patch',
      path: '/me/preferences',
      tags: ['Users'],
      summary: 'Change preferences',
      description: 'A new timezone puts the workouts that are there on the days they have in it.',
      security: [{ bearer: [] }],
      request: { body: { required: true, content: { 'application/json': { schema: PreferencesPatch } } } },
      responses: { 200: answer, ...problems(400, 401, 413, 415, 429, 503) },
    },
    async (c) => {
      const patch = await readJsonBody(c, { schema: PreferencesPatch, maxBytes: MAX_BYTES })
      const changed = await changePreferences({ db, outbox }, c.get('userId'), patch)
      return c.json(changed, 200, { 'Cache-Control': 'no-store' })
    },
  )
  return app
}
