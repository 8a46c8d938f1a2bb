import { OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context, Handler } from 'hono'
import { Correlation } from '../analytics/correlation.ts'
import { DailySummary } from '../analytics/daily-summary.ts'
import { DashboardInsight } from '../analytics/dashboard-insight.ts'
import { GoalList, GoalProgress, GoalRequest } from '../analytics/goal-progress.ts'
import { METRICS, Metric, Trend } from '../analytics/trend.ts'
import { WeeklyTrends } from '../analytics/weekly-trends.ts'
import type { ApiEnv } from '../api-env.ts'
import type { UserId } from '../auth/user-id.ts'
import type { Clock } from '../clock.ts'
import type { Database } from '../db/database.ts'
import { documentRoute, problems } from '../document-route.ts'
import { setGoal } from '../health/goals.ts'
import type { Outbox } from '../health/outbox.ts'
import type { CachedPreferences } from '../health/preferences.ts'
import { IsoDate, toLocalDay } from '../local-day.ts'
import { readJsonBody, readQuery } from '../read-request.ts'
import { RequestFault } from '../request-fault.ts'
import type { AnalyticsCache } from './analytics-cache.ts'
import { cachedAnswer } from './cached-answer.ts'
import { cachedGet } from './cached-get.ts'

const MAX_BYTES = 4096
const DEFAULT_DAYS = 30
const DEFAULT_WINDOW = 7

const Day = IsoDate.optional().openapi({ description: 'Default: today, where the user lives' })
const DateQuery = z.object({ date: Day })
const EndQuery = z.object({ end: Day })
const whole = (low: number, high: number, fallback: number) =>
  z
    .string()
    .regex(/^\d{1,3}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(low).max(high))
    .default(fallback)
    .openapi({ type: 'integer', minimum: low, maximum: high, default: fallback })
const CorrelationQuery = EndQuery.extend({ days: whole(7, 365, DEFAULT_DAYS), lag: whole(0, 7, 0) })
const TrendQuery = EndQuery.extend({ window_size: whole(3, 30, DEFAULT_WINDOW) })

/** The analytics. "Today" becomes a date before it becomes part of a key, so midnight cannot serve yesterday. */
export function analyticsRoutes(deps: {
  db: Database
  outbox: Outbox
  clock: Clock
  analytics: AnalyticsCache
  preferences: CachedPreferences
}): OpenAPIHono<ApiEnv> {
  const { db, outbox, clock, analytics, preferences } = deps
  const app = new OpenAPIHono<ApiEnv>()

  async function today(userId: UserId): Promise<string> {
    const { value } = await preferences.get({ userId })
    return toLocalDay(new Date(clock.now()), value.timezone)
  }

  async function toUserDay(c: Context<ApiEnv>, day: string | undefined) {
    const userId = c.get('userId')
    return { userId, date: day ?? (await today(userId)) }
  }

  type Route = { path: string; summary: string; query: z.ZodObject; params?: z.ZodObject; answer: z.ZodType }
  function get({ path, summary, query, params, answer }: Route, handler: Handler<ApiEnv>): void {
    const request = params ? { query, params } : { query }
    const responses = {
      ...cachedAnswer(summary, answer),
      ...problems(400, 401, ...(params ? [404 as const] : [])),
    }
    documentRoute(
      app,
      { method: 'get', path, tags: ['Analytics'], summary, security: [{ bearer: [] }], request, responses },
      handler,
    )
  }

  get(
    { path: '/daily-summary', summary: 'One day in figures', query: DateQuery, answer: DailySummary },
    cachedGet(analytics.dailySummary, (c) => toUserDay(c, readQuery(c, DateQuery).date)),
  )
  get(
    {
      path: '/weekly-trends',
      summary: 'Seven days as parallel arrays, oldest first',
      query: EndQuery,
      answer: WeeklyTrends,
    },
    cachedGet(analytics.weeklyTrends, (c) => toUserDay(c, readQuery(c, EndQuery).end)),
  )
  get(
    {
      path: '/correlation/sleep-activity',
      summary: 'Whether more sleep goes with more steps',
      query: CorrelationQuery,
      answer: Correlation,
    },
    cachedGet(analytics.sleepActivity, async (c) => {
      const { end, days, lag } = readQuery(c, CorrelationQuery)
      return { ...(await toUserDay(c, end)), days, lag }
    }),
  )
  get(
    {
      path: '/trend/{metric}',
      summary: 'The recent days compared with those before',
      params: z.object({ metric: Metric }),
      query: TrendQuery,
      answer: Trend,
    },
    cachedGet(analytics.trend, async (c) => {
      const metric = Metric.safeParse(c.req.param('metric'))
      if (!metric.success) throw new RequestFault('not_found', `The metrics are: ${METRICS.join(', ')}`)
      const { end, window_size: windowSize } = readQuery(c, TrendQuery)
      return { ...(await toUserDay(c, end)), metric: metric.data, windowSize }
    }),
  )
  get(
    { path: '/goals', summary: 'Progress towards each goal', query: DateQuery, answer: GoalList },
    cachedGet(analytics.goals, (c) => toUserDay(c, readQuery(c, DateQuery).date)),
  )
  get(
    {
      path: '/dashboard-insight',
      summary: 'The one thing most worth saying, with the goals and trends behind it',
      query: DateQuery,
      answer: DashboardInsight,
    },
    cachedGet(analytics.dashboardInsight, (c) => toUserDay(c, readQuery(c, DateQuery).date)),
  )

  documentRoute(
    app,
    {
      method: 'post',
      path: '/goals',
      tags: ['Analytics'],
      summary: 'Set the goal for a metric, in place of any earlier one',
      security: [{ bearer: [] }],
      request: { body: { required: true, content: { 'application/json': { schema: GoalRequest } } } },
      responses: {
        201: {
          description: 'The goal and how far it has come today',
          content: { 'application/json': { schema: GoalProgress } },
        },
        ...problems(400, 401, 413, 415),
      },
    },
    async (c) => {
      const request = await readJsonBody(c, { schema: GoalRequest, maxBytes: MAX_BYTES })
      const userId = c.get('userId')
      const date = await today(userId)
      await setGoal({ db, outbox }, { userId, today: date }, request)
      const { value } = await analytics.goals.get({ userId, date })
      const progress = value.goals.find(({ metric }) => metric === request.metric)
      return c.json(progress, 201, { 'Cache-Control': 'no-store' })
    },
  )
  return app
}
