import { Hono } from 'hono'
import type { Cache } from 'millpond'
import type { ApiEnv } from '../api-env.ts'
import type { AppDeps } from '../app.ts'
import type { Config } from '../config.ts'
import { METRICS_TYPE, type Metrics } from '../metrics.ts'
import { RequestFault } from '../request-fault.ts'
import { isSameSecret } from '../same-secret.ts'

const PING_TIMEOUT_MS = 2000

/**
 * `/metrics` is for Prometheus, with its token; `/healthz` says that the process lives; `/readyz` that it can serve. A store that is away does not make it unready,
 * because answers are then computed; a database that is away does, and so does being about to stop.
 */
export function probeRoutes(deps: {
  stores: AppDeps['stores']
  selfTests: AppDeps['selfTests']
  pingDatabase(): Promise<void>
  pingStore(): Promise<void>
  stopping: AppDeps['stopping']
  metrics: Metrics
  metricsAccess: Config['metrics']
  cache: Cache
}): Hono<ApiEnv> {
  const { stores, stopping, selfTests, pingDatabase, pingStore, metrics, metricsAccess, cache } = deps
  const app = new Hono<ApiEnv>()
  app.get('/healthz', (c) => c.json({ status: 'ok' }, 200, { 'Cache-Control': 'no-store' }))
  app.get('/readyz', async (c) => {
    const [database, store, tests] = await Promise.all([answers(pingDatabase), answers(pingStore), selfTests()])
    const healthy = database && store && tests.cache.ok && tests.limiter.ok
    const status = stopping.began.aborted ? 'stopping' : !database ? 'unavailable' : healthy ? 'ready' : 'degraded'
    const body = {
      status,
      stores,
      database: { ok: database },
      store: { ok: store },
      self_test: tests,
    }
    return c.json(body, database && !stopping.began.aborted ? 200 : 503, { 'Cache-Control': 'no-store' })
  })
  if (metricsAccess.kind === 'off') return app
  app.get('/metrics', (c) => {
    requireAccess(metricsAccess, c.req.header('authorization'))
    const counters = Object.fromEntries(
      Object.entries(cache.counters()).map(([name, count]) => [`cache_${toSnakeCase(name)}_total`, count]),
    )
    return c.body(metrics.render({ counters }), 200, { 'Content-Type': METRICS_TYPE, 'Cache-Control': 'no-store' })
  })
  return app
}

function requireAccess(access: Config['metrics'], authorization = ''): void {
  if (access.kind !== 'token') return
  const [, given = ''] = /^Bearer +(\S+) *$/i.exec(authorization) ?? []
  if (isSameSecret(given, access.token)) return
  throw new RequestFault('unauthenticated', 'Send METRICS_TOKEN as a bearer token', {
    headers: { 'WWW-Authenticate': 'Bearer realm="metrics"' },
  })
}

function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

async function answers(ping: () => Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PING_TIMEOUT_MS)
  })
  const answer = ping().then(
    () => true,
    () => false,
  )
  return Promise.race([answer, timeout]).finally(() => clearTimeout(timer))
}
