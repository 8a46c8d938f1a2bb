import { OpenAPIHono } from '@hono/zod-openapi'
import type { Cache } from 'millpond'
import type { Logger } from 'pino'
import { allowOrigins } from './allow-origins.ts'
import { answerErrors, answerMissing } from './answer-errors.ts'
import type { ApiEnv } from './api-env.ts'
import { identify, requireUser } from './auth/authenticate.ts'
import type { DevelopmentIssuer } from './auth/development-issuer.ts'
import type { Verify } from './auth/verifier.ts'
import type { Answerer } from './chat/answerer.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'
import type { Database } from './db/database.ts'
import { createFindReplay, createIngest } from './health/ingest.ts'
import type { Outbox } from './health/outbox.ts'
import { definePreferences } from './health/preferences.ts'
import { defineProfile } from './health/profile.ts'
import { limitRequests } from './limit-requests.ts'
import type { ApiLimiter } from './limits.ts'
import { logRequests } from './log-requests.ts'
import { createMetrics } from './metrics.ts'
import { analyticsRoutes } from './routes/analytics.ts'
import { defineAnalytics } from './routes/analytics-cache.ts'
import { chatRoutes } from './routes/chat.ts'
import { developmentRoutes } from './routes/development.ts'
import { docsRoutes } from './routes/docs.ts'
import { healthRoutes } from './routes/health.ts'
import { integrationRoutes } from './routes/integrations.ts'
import { probeRoutes } from './routes/probes.ts'
import { stravaWebhookRoutes } from './routes/strava-webhook.ts'
import { userRoutes } from './routes/users.ts'
import type { Sealer } from './seal.ts'
import type { SelfTests } from './self-tests.ts'
import { createStravaConnections, defineStravaStatus } from './strava/connections.ts'
import type { StravaClient } from './strava/strava-client.ts'
import { createStravaEvents } from './strava/webhook.ts'

/** Everything the application needs from outside. */
export type AppDeps = {
  db: Database
  cache: Cache
  /** For how many seconds cached answers may be served from this process's memory; 0: they are not. */
  localSeconds: number
  limiter: ApiLimiter
  outbox: Outbox
  verify: Verify
  clock: Clock
  logger: Logger
  clientAddress: Config['clientAddress']
  /** How to talk to Strava; undefined when it is not configured, and then its routes are not there. */
  strava: { client: StravaClient; sealer: Sealer; webhookToken: string } | undefined
  /** Who answers in the chat. */
  answerer: Answerer
  /** Whose pages may call the API from a browser. */
  corsOrigins: Config['corsOrigins']
  /** Who may read `/metrics`. */
  metricsAccess: Config['metrics']
  /** What cache and limits run on, by name. */
  stores: { cache: string; limits: string }
  /** How the self-tests went, at the start or since. */
  selfTests(): Promise<SelfTests>
  pingDatabase(): Promise<void>
  pingStore(): Promise<void>
  /** `began`: it is about to stop and not ready for more, but serves; `late`: what still runs must end now. */
  stopping: { began: AbortSignal; late: AbortSignal }
  /** Present when tokens come from the development issuer: adds `POST /dev/token`. */
  developmentIssuer?: DevelopmentIssuer | undefined
}

/** Builds the API. It holds no state of its own: two applications may share a process. */
export function createApp(deps: AppDeps): OpenAPIHono<ApiEnv> {
  const { db, cache, limiter, outbox, verify, clock, logger, clientAddress, corsOrigins, developmentIssuer } = deps
  const cached = { db, cache, local: deps.localSeconds === 0 ? {} : { local: `${deps.localSeconds}s` as const } }
  const metrics = createMetrics()
  const preferences = definePreferences(cached)
  const profile = defineProfile(cached)
  const analytics = defineAnalytics(cached)
  const ingest = createIngest({ db, outbox, clock })
  const limit = limitRequests({ limiter, profile: clientAddress })
  const app = new OpenAPIHono<ApiEnv>()

  app.use(logRequests({ logger, clock, metrics }))
  app.onError(answerErrors(logger))
  app.notFound((c) => answerMissing(c, app.routes))

  app.use('/api/*', allowOrigins(corsOrigins))
  app.use('/api/*', identify(verify), limit, requireUser)
  app.route('/api/v1/analytics', analyticsRoutes({ db, outbox, clock, analytics, preferences }))
  app.route('/api/v1/health', healthRoutes({ ingest, findReplay: createFindReplay({ db, outbox, clock }), limiter }))
  app.route('/api/v1/chat', chatRoutes({ ...deps, preferences }))
  if (deps.strava) {
    const { client, sealer, webhookToken } = deps.strava
    const connections = createStravaConnections({ db, outbox, clock, client, sealer })
    const status = defineStravaStatus(cached)
    app.route('/api/v1/integrations', integrationRoutes({ connections, status }))
    const take = createStravaEvents({ db, outbox, ingest, client, connections, limiter, logger, metrics })
    app.use('/webhooks/*', identify(verify), limit)
    app.route('/webhooks/strava', stravaWebhookRoutes({ take, verifyToken: webhookToken }))
  }
  app.route('/api/v1/users', userRoutes({ db, outbox, clock, preferences, profile }))

  if (developmentIssuer) {
    app.use('/dev/*', identify(verify), limit)
    app.route('/dev', developmentRoutes(developmentIssuer))
  }

  app.route('/', probeRoutes({ ...deps, metrics }))
  app.get('/', (c) => c.redirect('/docs'))
  app.get('/docs/', (c) => c.redirect('/docs', 308))
  // What browsers ask for beside a document that names no icon, such as JSON.
  app.get('/favicon.ico', (c) => c.redirect('/docs/favicon-32x32.png', 308))
  app.route('/docs', docsRoutes())
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
  })
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Cloud Brain',
      version: '0.1.0',
      description: toDescription(developmentIssuer !== undefined),
    },
  })
  return app
}

function toDescription(hasTokens: boolean): string {
  return [
    'Takes in health data and answers with analytics.',
    '- Cached answers carry `Cache-Status` and `ETag`; `If-None-Match` gives 304. They change as soon as the data they are made of do.',
    '- Every answer tells the limit nearest to refusing in `RateLimit`, `RateLimit-Policy` and `X-RateLimit-*`; 429 says in `Retry-After` when to come back.',
    '- Errors are `application/problem+json` (RFC 9457) with a `code`; 400 names each field in `errors`. `X-Request-Id` is in every answer.',
    '- A day is the local day of the user, by the timezone of their preferences. A write can be sent again: ingest with an `Idempotency-Key`, changes with `If-Match`.',
    ...(hasTokens
      ? ['- Here, in development: take a token from [/dev/personas](/dev/personas) and press Authorize.']
      : []),
  ].join('\n')
}
