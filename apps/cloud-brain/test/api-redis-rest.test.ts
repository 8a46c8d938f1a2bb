import { sql } from 'drizzle-orm'
import { upstash } from 'millpond/upstash'
import { describeWith, freePort, startPostgres, startRedis } from 'millpond-e2e/servers'
import { createServer } from 'millpond-rest'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openDatabase } from '../src/db/database.ts'
import { createApiCache, openStores } from '../src/stores.ts'
import { describeApi } from './api-suite.ts'
import { cacheStatus, createHarness, dayOf, openTestIssuer, TODAY } from './harness.ts'

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

  it('starts while Redis is away', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`
    const stores = await openStores({ store: { kind: 'redis', url }, caching: true })
    const cache = createApiCache({ store: stores.cache, keySecret: 'sixteen characters' })
    expect((await cache.selfTest()).ok).toBe(false)
    cache.close()
    await stores.close()
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
