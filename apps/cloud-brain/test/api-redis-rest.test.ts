import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import { Redis } from 'ioredis'
import { slidingWindow } from 'millpond'
import { memory } from 'millpond/memory'
import { upstash } from 'millpond/upstash'
import { describeWith, freePort, startPostgres, startRedis } from 'millpond-e2e/servers'
import { createServer } from 'millpond-rest'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { readConfig } from '../src/config.ts'
import { openDatabase } from '../src/db/database.ts'
import type { Outbox } from '../src/health/outbox.ts'
import { createLogger } from '../src/logger.ts'
import { startService } from '../src/service.ts'
import { openStores } from '../src/stores.ts'
import { describeApi } from './api-suite.ts'
import { cacheStatus, createHarness, dayOf, GENEROUS, openTestIssuer, TODAY } from './harness.ts'
import { useEverything } from './security-cases.ts'

/** PostgreSQL and Redis behind the REST protocol, each a server of its own. */
async function openServers() {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()])
  const rest = await createServer({ redis: redis.url })
  const database = await openDatabase({ kind: 'postgres', url: await postgres.createDatabase() })
  const store = upstash({ url: rest.url, token: rest.token })
  const close = async () => {
    await database.close()
    await rest.close()
    await Promise.all([postgres.stop(), redis.stop()])
  }
  return { database, store, redis, postgres, close }
}

describeWith(['redis', 'postgres'], 'API on redis-rest and PostgreSQL', () => {
  describeApi('suite', openServers)
})

describeWith(['redis', 'postgres'], 'API while servers die', () => {
  let servers: Awaited<ReturnType<typeof openServers>>
  let testIssuer: Awaited<ReturnType<typeof openTestIssuer>>
  const path = `/analytics/daily-summary?date=${TODAY}`

  beforeAll(async () => {
    servers = await openServers()
    testIssuer = await openTestIssuer()
  })
  afterAll(async () => {
    await servers?.close()
    await testIssuer?.close()
  })

  it('runs on a Redis connection as well', async () => {
    const stores = await openStores({ store: { kind: 'redis', url: servers.redis.url }, caching: true })
    const harness = createHarness({ ...servers, store: stores.limits, testIssuer })
    const user = await harness.createUser()
    const ingest = (hours: number) => user.ingest({ source: 'watch', sleep: [{ date: TODAY, hours }] })
    await ingest(6)
    const statuses = [cacheStatus(await user.get(path)), cacheStatus(await user.get(path))]
    await ingest(8)
    const response = await user.get(path)
    expect([...statuses, cacheStatus(response)]).toEqual(['fwd=miss', 'hit', 'fwd=miss'])
    expect((await dayOf(response)).sleep_hours).toBe(8)
    await stores.close()
  })

  it('asks limits and cache in one round trip: a hit costs 1, a refusal 1 and then none', async () => {
    const rest = await createServer({ redis: servers.redis.url })
    let asked = 0
    const counting: typeof fetch = (...args) => {
      asked += 1
      return fetch(...args)
    }
    const store = upstash({ url: rest.url, token: rest.token, fetch: counting })
    const user = { limit: 40, window: '60s', onUnavailable: 'local' } as const
    const policies = { ...GENEROUS, user: slidingWindow(user) }
    const harness = createHarness({ ...servers, store, testIssuer, policies, deadline: '10s' })
    const [ana, first] = [await harness.createUser(), await harness.createUser()]
    // Sends the scripts to the server.
    await first.get(path)
    const costOf = async (target: string, headers?: Record<string, string>) => {
      asked = 0
      const response = await ana.get(target, headers)
      return [response.status, cacheStatus(response) ?? '', asked]
    }
    const targets = [
      path,
      `/analytics/weekly-trends?end=${TODAY}`,
      `/analytics/correlation/sleep-activity?end=${TODAY}&days=365`,
      `/analytics/trend/steps?end=${TODAY}`,
      `/analytics/goals?date=${TODAY}`,
      `/analytics/dashboard-insight?date=${TODAY}`,
      '/users/me/preferences',
      '/users/me/profile',
    ]
    for (const target of targets) {
      // Limits and look, the lease, the fill; where keys are new to the process, their HMACs may end in different ticks.
      const [status, how, cost] = await costOf(target)
      expect([target, status, how, [3, 4].includes(Number(cost))]).toEqual([target, 200, 'fwd=miss', true])
      expect([target, await costOf(target)]).toEqual([target, [200, 'hit', 1]])
      const etag = (await ana.get(target)).headers.get('etag') ?? ''
      expect([target, await costOf(target, { 'if-none-match': etag })]).toEqual([target, [304, 'hit', 1]])
    }
    // "Today" is found out first, beside the limits.
    expect(await costOf('/analytics/daily-summary')).toEqual([200, 'hit', 2])
    expect(await costOf('/analytics/daily-summary?date=never')).toEqual([400, '', 1])
    for (let left = 40 - targets.length * 4 - 2; left > 0; left -= 1) await ana.get(path)
    expect(await costOf(path)).toEqual([429, '', 1])
    expect(await costOf(path)).toEqual([429, '', 0])
    harness.outbox.stop()
    harness.cache.close()

    // With a local tier the cache asks nothing; the limits, counted elsewhere here, would be all there is.
    const near = createHarness({
      ...servers,
      cacheStore: store,
      store: memory(),
      testIssuer,
      localSeconds: 60,
      deadline: '10s',
    })
    const ben = await near.createUser()
    const ask = async () => [
      (await ben.get('/analytics/daily-summary')).headers.get('cache-status')?.split(';')[1],
      asked,
    ]
    await ask()
    asked = 0
    expect([await ask(), await ask()]).toEqual([
      [' hit', 0],
      [' hit', 0],
    ])
    await ben.ingest({ source: 'watch', sleep: [{ date: TODAY, hours: 8 }] })
    expect((await dayOf(ben.get(path))).sleep_hours).toBe(8)
    near.outbox.stop()
    near.cache.close()
    await rest.close()
  })

  it('closes the database even while a transaction never ends', async () => {
    const database = await openDatabase({ kind: 'postgres', url: await servers.postgres.createDatabase() })
    await new Promise<void>((resolve) => {
      database.db
        .transaction(async () => {
          resolve()
          await new Promise(() => {})
        })
        .catch(() => {})
    })
    await database.close()
  })

  it('starts while Redis is away, and is ready by itself once it is there', async () => {
    const port = await freePort()
    const folder = await mkdtemp(join(tmpdir(), 'cloud-brain-away-'))
    const env = { PORT: '0', DATA_DIR: folder, REDIS_URL: `redis://127.0.0.1:${port}` }
    const service = await startService(
      readConfig({ ...env, DATABASE_URL: await servers.postgres.createDatabase() }, folder),
      createLogger('silent'),
    )
    const status = async () =>
      z.object({ status: z.string() }).parse(await (await fetch(`${service.url}/readyz`)).json()).status
    expect(await status()).toBe('degraded')
    const redis = await startRedis({ port })
    await vi.waitFor(async () => expect(await status()).toBe('ready'), { timeout: 30_000, interval: 100 })
    await service.close()
    await redis.stop()
    await rm(folder, { recursive: true })
  })

  it('says nothing about a user in any Redis key, log line, metric or error', async () => {
    const harness = createHarness({ ...servers, testIssuer, policies: GENEROUS, deadline: '10s' })
    const { secrets, errors, metrics, log } = await useEverything(harness)
    const client = new Redis(servers.redis.url)
    const keys = await client.keys('*')
    client.disconnect()
    expect([keys.length > 20, errors.length > 1000, metrics.length > 1000, log.length > 1000]).toEqual([
      true,
      true,
      true,
      true,
    ])
    for (const [where, text] of Object.entries({ keys: keys.join('\n'), errors, metrics, log })) {
      for (const secret of secrets) expect([where, secret, text.includes(secret)]).toEqual([where, secret, false])
    }
  })

  it.each([
    ['a start of any process', (outbox: Outbox) => outbox.drain()],
    [
      'half a minute where another process lives',
      async (outbox: Outbox) => {
        vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
        outbox.watch()
        vi.advanceTimersByTime(30_000)
        vi.useRealTimers()
      },
    ],
  ])('serves nothing stale after %s when one was killed between commit and invalidation', async (_, pass) => {
    const url = await servers.postgres.createDatabase()
    const database = await openDatabase({ kind: 'postgres', url })
    const harness = createHarness({ ...servers, database, testIssuer, deadline: '10s' })
    const user = await harness.createUser()
    await user.ingest({ source: 'watch', sleep: [{ date: TODAY, hours: 6 }] })
    const hours = async () => (await dayOf(user.get(path))).sleep_hours
    expect(await hours()).toBe(6)
    const args = ['--import', 'tsx', fileURLToPath(new URL('crash-child.ts', import.meta.url)), url, user.userId, TODAY]
    const [, signal] = await once(spawn(process.execPath, args, { stdio: 'ignore' }), 'exit')
    expect([signal, await hours()]).toEqual(['SIGKILL', 6])
    await pass(harness.outbox)
    await vi.waitFor(async () => expect(await hours()).toBe(8), { timeout: 10_000 })
    harness.outbox.stop()
    await database.close()
  })

  it('keeps answering while Redis hangs, and caches again by itself when it is back, also as a new server', async () => {
    const redis = await startRedis()
    const rest = await createServer({ redis: redis.url })
    const harness = createHarness({
      ...servers,
      testIssuer,
      policies: GENEROUS,
      store: upstash({ url: rest.url, token: rest.token }),
    })
    const user = await harness.createUser()
    const hits = async () => {
      const deadline = Date.now() + 30_000
      while (cacheStatus(await user.get(path)) !== 'hit') {
        if (Date.now() > deadline) return false
        await delay(50)
      }
      return true
    }
    await user.ingest({ source: 'watch', sleep: [{ date: TODAY, hours: 6 }] })
    expect(await hits()).toBe(true)
    redis.kill('SIGSTOP')
    const hung = await user.get(path)
    expect([hung.status, cacheStatus(hung)]).toEqual([200, 'fwd=bypass'])
    redis.kill('SIGCONT')
    expect(await hits()).toBe(true)
    await redis.stop()
    expect((await user.get(path)).status).toBe(200)
    const again = await startRedis({ port: redis.port })
    expect(await hits()).toBe(true)
    expect((await dayOf(user.get(path))).sleep_hours).toBe(6)
    harness.outbox.stop()
    harness.cache.close()
    await rest.close()
    await again.stop()
  })

  it('keeps answering when Redis is killed, and 503 without a word about the inside when PostgreSQL is', async () => {
    const harness = createHarness({ ...servers, testIssuer })
    const user = await harness.createUser()
    const ingest = (hours: number) => user.ingest({ source: 'watch', sleep: [{ date: TODAY, hours }] })
    await ingest(6)
    await user.get(path)
    expect(cacheStatus(await user.get(path))).toBe('hit')

    servers.redis.kill('SIGKILL')
    expect((await ingest(8)).status).toBe(200)
    const response = await user.get(path)
    expect([response.status, cacheStatus(response)]).toEqual([200, 'fwd=bypass'])
    expect((await dayOf(response)).sleep_hours).toBe(8)

    const running = servers.database.db.transaction((tx) => tx.execute(sql`select pg_sleep(30)`))
    await Promise.all([expect(running).rejects.toThrow(), servers.postgres.stop()])
    const failed = await user.get(path)
    const body = await failed.text()
    expect([failed.status, failed.headers.get('retry-after')]).toEqual([503, '5'])
    expect(body).not.toMatch(/select|postgres|127\.0\.0\.1|ECONN/i)
    const ready = await harness.request('/readyz')
    expect(ready.status).toBe(503)
    expect(await ready.json()).toMatchObject({ status: 'unavailable', database: { ok: false } })
    for (const secret of [user.userId, TODAY, 'select']) expect(harness.log.join('')).not.toContain(secret)
    harness.outbox.stop()
    harness.cache.close()
  })
})
