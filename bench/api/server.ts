import { monitorEventLoopDelay } from 'node:perf_hooks'
import { BentoCache, bentostore } from 'bentocache'
import { redisDriver } from 'bentocache/drivers/redis'
import { Cacheable } from 'cacheable'
import type { Context } from 'hono'
import { Redis } from 'ioredis'
import { disabled, tokenBucket } from 'millpond'
import { redis } from 'millpond/redis'
import { pino } from 'pino'
import { DailySummary, toDailySummary } from '../../apps/cloud-brain/src/analytics/daily-summary.ts'
import type { ApiEnv } from '../../apps/cloud-brain/src/api-env.ts'
import { createApp } from '../../apps/cloud-brain/src/app.ts'
import { openDevelopmentIssuer } from '../../apps/cloud-brain/src/auth/development-issuer.ts'
import { createVerifier } from '../../apps/cloud-brain/src/auth/verifier.ts'
import { answerByRules } from '../../apps/cloud-brain/src/chat/rule-answerer.ts'
import { systemClock } from '../../apps/cloud-brain/src/clock.ts'
import { openDatabase } from '../../apps/cloud-brain/src/db/database.ts'
import { createOutbox } from '../../apps/cloud-brain/src/health/outbox.ts'
import { readHealthRows } from '../../apps/cloud-brain/src/health/read-rows.ts'
import { createApiLimiter, POLICIES } from '../../apps/cloud-brain/src/limits.ts'
import { listen } from '../../apps/cloud-brain/src/listen.ts'
import { createSealer } from '../../apps/cloud-brain/src/seal.ts'
import { createApiCache } from '../../apps/cloud-brain/src/stores.ts'
import { startFakeStrava } from '../../apps/cloud-brain/src/strava/fake-strava.ts'
import { createStravaClient } from '../../apps/cloud-brain/src/strava/strava-client.ts'

/**
 * The API in a process of its own, three times on one database and one Redis: cached, cached with a local tier of a second, and
 * with the cache off. The cached one has the daily summary thrice more, cached by bentocache (with tags and without) and by cacheable, and a constant.
 */

const [postgresUrl = '', redisUrl = '', dataDir = ''] = process.argv.slice(2)
const KEY_SECRET = 'a secret of this measurement'
const TTL_MS = 300_000
/** Asked like the real ones, but nobody is refused. */
const unreached = tokenBucket({ limit: 1_000_000, window: '1s', onUnavailable: 'local' })
const policies: typeof POLICIES = { ...POLICIES, user: unreached, address: unreached }

const database = await openDatabase({ kind: 'postgres', url: postgresUrl })
const issuer = await openDevelopmentIssuer(dataDir, systemClock)
const client = new Redis(redisUrl)
const store = redis(client)
const logger = pino({ level: 'silent' })
const strava = await startFakeStrava(systemClock)
const { db } = database

function openApp(name: string, { cached, localSeconds }: { cached: boolean; localSeconds: number }) {
  const keySecret = `${KEY_SECRET} ${name}`
  const cache = createApiCache({ store: cached ? store : disabled(), keySecret, deadline: '10s' })
  const app = createApp({
    db,
    cache,
    localSeconds,
    limiter: createApiLimiter({ store, keySecret, policies, deadline: '10s' }),
    outbox: createOutbox({ db, cache, logger }),
    verify: createVerifier({ ...issuer, clock: systemClock }),
    clock: systemClock,
    logger,
    clientAddress: 'socket',
    stopping: { began: new AbortController().signal, late: new AbortController().signal },
    strava: {
      client: createStravaClient(strava, systemClock),
      sealer: createSealer([{ id: 'bench', key: Buffer.alloc(32, 7) }]),
      webhookToken: 'bench',
    },
    answerer: answerByRules,
    corsOrigins: [],
    metricsAccess: { kind: 'off' },
    stores: { cache: 'redis', limits: 'redis' },
    selfTests: async () => ({ cache: { ok: true, checks: [] }, limiter: { ok: true, checks: [] } }),
    pingDatabase: database.ping,
    pingStore: () => store.ping(),
  })
  return app
}

type Load = () => Promise<DailySummary>

/** The daily summary as somebody would write it who caches with another library: the same limits, the same handler. */
function addPeer(
  app: ReturnType<typeof openApp>,
  name: string,
  cached: (key: string, tags: string[], load: Load) => Promise<DailySummary>,
) {
  app.get(`/api/v1/peers/${name}`, async (c: Context<ApiEnv>) => {
    const userId = c.get('userId')
    const date = c.req.query('date') ?? ''
    const load: Load = async () => toDailySummary(date, await readHealthRows(db, { userId, from: date, to: date }))
    const value = await cached(`${userId}:${date}`, [`user:${userId}`, `health:${userId}:${date}`], load)
    return c.json(DailySummary.parse(value), 200, { 'Cache-Control': 'private, no-cache' })
  })
}

/** What no cache can be faster than: a text that is there already, with the headers of a hit, behind the same verification and limits. */
function addConstant(app: ReturnType<typeof openApp>) {
  const text =
    '{"coach_persona":"gentle","subscription_tier":"free","is_premium":false,"timezone":"UTC","units":"metric"}'
  const headers = {
    'Content-Type': 'application/json',
    'Cache-Control': 'private, no-cache',
    'Cache-Status': 'millpond; hit; ttl=300',
    Age: '0',
    ETag: '"AVq9f1zFei3ZS3WQ8ErYCEJz"',
  }
  app.get('/api/v1/constant', (c) => c.body(text, 200, headers))
}

const bento = new BentoCache({
  default: 'redis',
  prefix: 'bento',
  stores: { redis: bentostore().useL2Layer(redisDriver({ connection: new Redis(redisUrl) })) },
})
const { createKeyv } = await import('@keyv/redis')
const cacheable = new Cacheable({ primary: createKeyv(redisUrl, { namespace: 'cacheable' }) })

const cached = openApp('cached', { cached: true, localSeconds: 0 })
addPeer(cached, 'bentocache', (key, _, factory) => bento.getOrSet({ key, factory, ttl: TTL_MS }))
addPeer(cached, 'bentocache-tags', (key, tags, factory) =>
  bento.getOrSet({ key: `tagged:${key}`, tags, factory, ttl: TTL_MS }),
)
addPeer(
  cached,
  'cacheable',
  async (key, _, factory) => (await cacheable.getOrSet(key, factory, { ttl: TTL_MS })) as DailySummary,
)
addConstant(cached)
const apps = {
  cached,
  local: openApp('local', { cached: true, localSeconds: 1 }),
  off: openApp('off', { cached: false, localSeconds: 0 }),
}

const ports: Record<string, number> = {}
for (const [name, app] of Object.entries(apps)) {
  const { port } = await listen({ host: '127.0.0.1', port: { value: 0, chosen: true } }, (request, env) =>
    app.fetch(request, env),
  )
  ports[name] = port
}

/** How late timers of a millisecond came: what a request of somebody else would have waited. */
const delay = monitorEventLoopDelay({ resolution: 1 })
process.on('message', (word) => {
  if (word === 'watch') {
    delay.reset()
    delay.enable()
  } else if (word === 'tell') {
    delay.disable()
    // The histogram counts the whole interval, the millisecond that was asked for included.
    const ms = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - 1)
    process.send?.({ p50Ms: ms(delay.percentile(50)), p99Ms: ms(delay.percentile(99)), maxMs: ms(delay.max) })
  }
})
process.on('disconnect', () => process.exit(0))
process.send?.({ ports })
