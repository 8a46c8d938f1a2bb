import { OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Cache } from 'millpond'
import { cachedRoute } from 'millpond/hono'
import { DailySummary, toDailySummary } from '../analytics/daily-summary.ts'
import { toWeeklyTrends, WEEK_DAYS, WeeklyTrends } from '../analytics/weekly-trends.ts'
import type { ApiEnv } from '../api-env.ts'
import { UserId } from '../auth/user-id.ts'
import type { Clock } from '../clock.ts'
import type { Database } from '../db/database.ts'
import { documentRoute, problems } from '../document-route.ts'
import type { CachedPreferences } from '../health/preferences.ts'
import { readHealthRows } from '../health/read-rows.ts'
import { dayTag, userTag } from '../health/tags.ts'
import { addDays, daysEnding, IsoDate, toLocalDay } from '../local-day.ts'
import { readQuery } from '../read-request.ts'

const UserDay = z.object({ userId: UserId, date: IsoDate })
const cachedHeaders = {
  'Cache-Status': { schema: { type: 'string' as const }, description: 'hit or miss, and why (RFC 9211)' },
  ETag: { schema: { type: 'string' as const }, description: 'Send it back in If-None-Match for a 304' },
}

/** The analytics, each cached for five minutes or until one of its days changes. */
export function analyticsRoutes(deps: {
  db: Database
  cache: Cache
  clock: Clock
  preferences: CachedPreferences
}): OpenAPIHono<ApiEnv> {
  const { db, cache, clock, preferences } = deps
  const app = new OpenAPIHono<ApiEnv>()

  const dailySummary = cache.define({
    name: 'analytics.daily-summary',
    ttl: '5m',
    input: UserDay,
    output: DailySummary,
    tags: ({ userId, date }) => [userTag(userId), dayTag(userId, date)],
    load: async ({ userId, date }) => toDailySummary(date, await readHealthRows(db, { userId, from: date, to: date })),
  })

  const weeklyTrends = cache.define({
    name: 'analytics.weekly-trends',
    ttl: '5m',
    input: UserDay,
    output: WeeklyTrends,
    tags: ({ userId, date }) => [userTag(userId), ...daysEnding(date, WEEK_DAYS).map((day) => dayTag(userId, day))],
    load: async ({ userId, date }) => {
      const from = addDays(date, 1 - WEEK_DAYS)
      return toWeeklyTrends(date, await readHealthRows(db, { userId, from, to: date }))
    },
  })

  async function today(userId: UserId): Promise<string> {
    const { value } = await preferences.get({ userId })
    return toLocalDay(new Date(clock.now()), value.timezone)
  }

  /** "Today" becomes a date before it becomes part of a key, so midnight cannot serve yesterday. */
  async function toUserDay(c: Context<ApiEnv>, parameter: 'date' | 'end') {
    const query: { [parameter]?: string | undefined } = readQuery(c, z.object({ [parameter]: IsoDate.optional() }))
    const userId = c.get('userId')
    return { userId, date: query[parameter] ?? (await today(userId)) }
  }

  documentRoute(
    app,
    {
      method: 'get',
      path: '/daily-summary',
      tags: ['Analytics'],
      summary: 'One day in figures',
      security: [{ bearer: [] }],
      request: {
        query: z.object({ date: IsoDate.optional().openapi({ description: 'Default: today, where the user lives' }) }),
      },
      responses: {
        200: {
          description: 'The day; what nobody measured is null',
          headers: cachedHeaders,
          content: { 'application/json': { schema: DailySummary } },
        },
        304: { description: 'Not changed since the ETag that was sent' },
        ...problems(400, 401, 429, 503),
      },
    },
    cachedRoute(dailySummary, (c: Context<ApiEnv>) => toUserDay(c, 'date')),
  )

  documentRoute(
    app,
    {
      method: 'get',
      path: '/weekly-trends',
      tags: ['Analytics'],
      summary: 'Seven days as parallel arrays, oldest first',
      security: [{ bearer: [] }],
      request: {
        query: z.object({
          end: IsoDate.optional().openapi({ description: 'The last day; default: today, where the user lives' }),
        }),
      },
      responses: {
        200: {
          description: 'The week; what nobody measured is null',
          headers: cachedHeaders,
          content: { 'application/json': { schema: WeeklyTrends } },
        },
        304: { description: 'Not changed since the ETag that was sent' },
        ...problems(400, 401, 429, 503),
      },
    },
    cachedRoute(weeklyTrends, (c: Context<ApiEnv>) => toUserDay(c, 'end')),
  )

  return app
}
