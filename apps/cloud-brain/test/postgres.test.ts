import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { memory } from 'millpond/memory'
import { describeWith, type StartedPostgres, startPostgres } from 'millpond-e2e/servers'
import pg from 'pg'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type OpenDatabase, openDatabase } from '../src/db/database.ts'
import { addDays } from '../src/local-day.ts'
import { createHarness, dayOf, GENEROUS, openTestIssuer, resultOf, type TestIssuer, TODAY } from './harness.ts'

/** `count` items of each kind. */
const itemsOfEachKind = (count: number) => {
  const dates = Array.from({ length: count }, (_, index) => addDays(TODAY, -index))
  return {
    source: 'watch',
    workouts: dates.map((date) => ({
      original_id: `run-${date}`,
      activity_type: 'running',
      duration_seconds: 1800,
      calories: 320,
      start_time: `${date}T07:00:00Z`,
    })),
    sleep: dates.map((date) => ({ date, hours: 7 })),
    nutrition: dates.map((date) => ({ date, calories: 2000 })),
    weight: dates.map((date) => ({ date, weight_kg: 78 })),
    daily_metrics: dates.map((date) => ({ date, steps: 8000 })),
  }
}

/** What a statement does and to which table. */
function toShape(text: string): string {
  return text
    .replace(/^select .* from "(\w+)".*$/s, 'select $1')
    .replace(/^(insert into|delete from) "(\w+)".*$/, '$1 $2')
    .replace(/\(.*$/, '')
}

describeWith('postgres', 'PostgreSQL', () => {
  let postgres: StartedPostgres
  let database: OpenDatabase
  let testIssuer: TestIssuer

  beforeAll(async () => {
    postgres = await startPostgres()
    database = await openDatabase({ kind: 'postgres', url: await postgres.createDatabase() })
    testIssuer = await openTestIssuer()
  })
  afterAll(async () => {
    await database?.close()
    await postgres?.stop()
    await testIssuer?.close()
  })
  const open = () => createHarness({ database, store: memory(), testIssuer, policies: GENEROUS, deadline: '10s' })

  it('takes 500 items of five kinds in one statement per table, as many as for five items', async () => {
    const user = await open().createUser()
    const sent = vi.spyOn(pg.Client.prototype, 'query')
    const statementsOf = async (batch: object) => {
      sent.mockClear()
      expect((await resultOf(user.ingest(batch))).rejected).toEqual([])
      const shapes = sent.mock.calls.map(([query]) => toShape(typeof query === 'string' ? query : Object(query).text))
      // What a new connection is asked once.
      return shapes.filter((shape) => shape !== 'select pg_is_in_recovery')
    }
    const shapes = [
      'begin',
      'select pg_advisory_xact_lock',
      'select user_preferences',
      'select workouts',
      'insert into workouts',
      'insert into sleep',
      'insert into nutrition',
      'insert into weight',
      'insert into daily_metrics',
      'select daily_metrics',
      'insert into invalidation_outbox',
      'commit',
      'delete from invalidation_outbox',
    ]
    expect(await statementsOf(itemsOfEachKind(1))).toEqual(shapes)
    expect(await statementsOf(itemsOfEachKind(100))).toEqual(shapes)
    sent.mockRestore()
  })

  it.each([
    ['daily_metrics', 'steps <> 31415'],
    ['invalidation_outbox', 'false'],
  ])(
    'stores nothing of a batch when %s fails, keeps no key for it, and says nothing about the inside',
    async (failing, rule) => {
      const harness = open()
      const user = await harness.createUser()
      const { db } = database
      const key = { 'idempotency-key': 'half-a-batch' }
      const batch = { ...itemsOfEachKind(3), daily_metrics: [{ date: TODAY, steps: 31_415 }] }
      await db.execute(sql.raw(`alter table ${failing} add constraint no_pi check (${rule})`))
      const failed = await user.ingest(batch, key)
      const text = await failed.text()
      expect([failed.status, JSON.parse(text)]).toEqual([
        500,
        {
          type: 'about:blank',
          status: 500,
          title: 'The service failed',
          detail: 'The request can be sent again',
          code: 'internal',
        },
      ])
      const log = harness.log.join('')
      expect(log).toContain('23514')
      for (const word of ['31415', 'no_pi', user.userId, 'insert into']) expect(log).not.toContain(word)
      for (const table of ['workouts', 'sleep', 'nutrition', 'weight', 'daily_metrics', 'idempotency_keys']) {
        const kept = await db.execute(sql`select 1 from ${sql.identifier(table)} where user_id = ${user.userId}`)
        expect([table, kept]).toMatchObject([table, { rows: [] }])
      }
      expect(await db.execute(sql`select * from invalidation_outbox`)).toMatchObject({ rows: [] })
      await db.execute(sql.raw(`alter table ${failing} drop constraint no_pi`))
      const again = await user.ingest(batch, key)
      expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, null])
      expect(await dayOf(user.get(`/analytics/daily-summary?date=${TODAY}`))).toMatchObject({
        steps: 31_415,
        sleep_hours: 7,
      })
    },
  )

  it('reads the outbox once for a replay, and delivers what waits there since the connection broke after the commit', async () => {
    const user = await open().createUser()
    const hours = async () => (await dayOf(user.get(`/analytics/daily-summary?date=${TODAY}`))).sleep_hours
    const night = (hours: number) => ({ source: 'watch', sleep: [{ date: TODAY, hours }] })
    await user.ingest(night(6))
    expect(await hours()).toBe(6)
    const original = pg.Client.prototype.query
    const sent: string[] = []
    let breaks = true
    const query = vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...args) {
      const [first] = args as unknown[]
      const text: string = typeof first === 'string' ? first : Object(first).text
      sent.push(toShape(text))
      const answer: unknown = Reflect.apply(original, this, args)
      if (text !== 'commit' || !breaks) return answer
      breaks = false
      return Promise.resolve(answer).then(() => {
        const gone = new Error('Connection terminated unexpectedly')
        this.connection.stream.destroy(gone)
        throw gone
      })
    })
    const key = { 'idempotency-key': 'lost' }
    const lost = await user.ingest(night(8), key)
    expect([lost.status, await hours()]).toEqual([503, 6])
    const statementsOf = async () => {
      sent.length = 0
      const again = await user.ingest(night(8), key)
      expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true'])
      return sent.filter((shape) => shape !== 'select pg_is_in_recovery')
    }
    const replay = [
      'begin',
      'select pg_advisory_xact_lock',
      'delete from idempotency_keys',
      'select idempotency_keys',
      'commit',
      'select invalidation_outbox',
    ]
    expect(await statementsOf()).toEqual([...replay, 'delete from invalidation_outbox'])
    expect(await hours()).toBe(8)
    expect(await statementsOf()).toEqual(replay)
    query.mockRestore()
  })

  it('gets every connection back when transactions cannot begin', async () => {
    const user = await open().createUser()
    const original = pg.Client.prototype.query
    let left = 30
    const query = vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...args) {
      const [first] = args as unknown[]
      const text = typeof first === 'string' ? first : Object(first).text
      if (!text.startsWith('begin') || left === 0) return Reflect.apply(original, this, args)
      left -= 1
      return Promise.reject(Object.assign(new Error('the server is going away'), { code: '57P01' }))
    })
    const ask = async () => (await user.get(`/analytics/daily-summary?date=${addDays(TODAY, -left)}`)).status
    const refused = []
    while (left > 0) refused.push(await ask())
    query.mockRestore()
    expect([new Set(refused), await ask()]).toEqual([new Set([503]), 200])
  })

  it('answers 503 while the server is away, and recovers by itself when it is back', async () => {
    const harness = open()
    const user = await harness.createUser()
    const path = (back: number) => `/analytics/daily-summary?date=${addDays(TODAY, -back)}`
    await user.ingest({ source: 'watch', sleep: [{ date: TODAY, hours: 7 }] })
    expect((await dayOf(user.get(path(0)))).sleep_hours).toBe(7)

    // The server goes away in the middle of what it is asked.
    let isAway = false
    const statuses = new Set<number>()
    const readers = Array.from({ length: 40 }, async (_, reader) => {
      for (let back = 2 + reader; !isAway; back += 40) statuses.add((await user.get(path(back % 40_000))).status)
    })
    while (!statuses.has(200)) await delay(1)
    await postgres.crash()
    isAway = true
    await Promise.all(readers)
    expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([])
    const readyStatus = async () => (await harness.request('/readyz')).status
    // What is cached is still served; all else says honestly that it cannot be had.
    expect((await dayOf(user.get(path(0)))).sleep_hours).toBe(7)
    const asked = [
      () => user.get(path(1)),
      () => user.ingest({ source: 'watch', sleep: [{ date: TODAY, hours: 8 }] }),
      () => user.patch('/users/me/profile', { nickname: 'Ana' }),
      () => user.get('/users/me/profile'),
    ]
    for (let round = 0; round < 10; round += 1) {
      const answers = await Promise.all(asked.map((ask) => ask()))
      expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503])
      expect(answers.map(({ headers }) => headers.get('retry-after'))).toEqual(['5', '5', '5', '5'])
      for (const answer of answers) {
        expect(await answer.json()).toEqual({
          type: 'about:blank',
          status: 503,
          title: 'A part of the service does not answer',
          detail: 'The database does not answer',
          code: 'unavailable',
        })
      }
    }
    for (const word of [user.userId, 'insert into', 'select "', '/api/v1/analytics/daily-summary?']) {
      expect(harness.log.join('')).not.toContain(word)
    }
    expect(await readyStatus()).toBe(503)

    await postgres.restart()
    const deadline = Date.now() + 60_000
    while ((await readyStatus()) !== 200 && Date.now() < deadline) await delay(50)
    // More than the pool has connections: none was lost to the outage.
    const days = await Promise.all(Array.from({ length: 30 }, (_, back) => user.get(path(back))))
    expect(days.map(({ status }) => status)).toEqual(days.map(() => 200))
    // The write that was answered with 503 left nothing.
    expect((await dayOf(user.get(path(0)))).sleep_hours).toBe(7)
    expect((await user.ingest({ source: 'watch', sleep: [{ date: TODAY, hours: 8 }] })).status).toBe(200)
    expect((await dayOf(user.get(path(0)))).sleep_hours).toBe(8)
  })
})
