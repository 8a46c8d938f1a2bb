import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { importJWK, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER } from '../src/auth/development-issuer.ts'
import { createRandom } from '../src/demo/random.ts'
import { addDays } from '../src/local-day.ts'
import type { Current } from './api-suite.ts'
import { cacheStatus, createHarness, dayOf, GENEROUS, type Harness, NOW, TODAY } from './harness.ts'
import { connectStrava, sendEvent, statusOf } from './strava.ts'

const SECONDS = Math.floor(NOW.getTime() / 1000)
const Tables = z.object({ rows: z.array(z.object({ name: z.string() })) })
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const BODIES = new Map<string, object>([
  ['POST /api/v1/health/ingest', { source: 'watch', sleep: [{ date: TODAY, hours: 5 }] }],
  ['POST /api/v1/analytics/goals', { metric: 'steps', period: 'daily', target: 5 }],
  ['PATCH /api/v1/users/me/preferences', { units: 'imperial' }],
  ['PATCH /api/v1/users/me/profile', { nickname: 'Eve' }],
  ['POST /api/v1/chat', { message: 'steps?' }],
  ['POST /api/v1/integrations/strava/exchange', { code: 'x', state: 'y' }],
])

/** Every route that needs a token, as the application has it. */
function routesOf({ app }: Harness): { method: string; path: string }[] {
  return app.routes
    .filter(({ method, path }) => method !== 'ALL' && path.startsWith('/api/v1/'))
    .map(({ method, path }) => ({ method, path: path.replace(':metric', 'steps') }))
}

export function describeSecurity(current: Current): void {
  const open = () => createHarness({ ...current(), policies: GENEROUS, deadline: '10s' })
  const send = (
    harness: Harness,
    route: { method: string; path: string },
    authorization: string | undefined,
    extra = {},
  ) => {
    const body = BODIES.get(`${route.method} ${route.path}`)
    return harness.request(route.path, {
      method: route.method,
      headers: { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) },
      ...(body && { body: JSON.stringify({ ...body, ...extra }) }),
    })
  }

  /** Tokens that must not pass, for a user who exists. */
  async function badTokens(sub: string): Promise<[string, string | undefined][]> {
    const { privateJwk } = current().testIssuer
    const key = await importJWK(privateJwk, 'ES256')
    const { d: _, ...publicJwk } = privateJwk
    const claims = { iss: DEVELOPMENT_ISSUER, aud: DEVELOPMENT_AUDIENCE, sub, exp: SECONDS + 60 }
    const signed = (change: object) =>
      new SignJWT({ ...claims, ...change }).setProtectedHeader({ alg: 'ES256', kid: 'development' }).sign(key)
    const hmac = new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: 'development' })
      .sign(new TextEncoder().encode(JSON.stringify(publicJwk)))
    return [
      ['no token', undefined],
      ['an expired token', `Bearer ${await signed({ exp: SECONDS - 60 })}`],
      ['another issuer', `Bearer ${await signed({ iss: 'https://elsewhere.dev' })}`],
      ['alg none', `Bearer ${base64url({ alg: 'none' })}.${base64url(claims)}.`],
      ['HS256 with the public key', `Bearer ${await hmac}`],
    ]
  }

  describe('security', () => {
    it('every route refuses every bad token with 401 and touches no cache', async () => {
      const harness = open()
      const routes = routesOf(harness)
      expect(routes.length).toBeGreaterThanOrEqual(16)
      const user = await harness.createUser()
      const before = harness.cache.counters()
      for (const [kind, token] of await badTokens(user.userId)) {
        for (const route of routes) {
          const response = await send(harness, route, token)
          const seen = [
            kind,
            route.method,
            route.path,
            response.status,
            response.headers.get('content-type'),
            cacheStatus(response),
          ]
          expect(seen).toEqual([kind, route.method, route.path, 401, 'application/problem+json', undefined])
        }
      }
      expect(harness.cache.counters()).toEqual(before)
    })

    it('every route ignores or refuses another user’s id in query and body', async () => {
      const harness = open()
      const [eve, ben] = [await harness.createUser(), await harness.createUser()]
      await ben.ingest({
        source: 'watch',
        sleep: [{ date: TODAY, hours: 8 }],
        daily_metrics: [{ date: TODAY, steps: 31_415 }],
      })
      await ben.post('/analytics/goals', { metric: 'steps', period: 'daily', target: 27_182 })
      await ben.patch('/users/me/profile', { nickname: 'Benedict' })
      // Long enough that no port, id or state holds it by chance.
      current().strava.athleteId = 4_242_424_242
      await connectStrava(ben)
      const routes = routesOf(harness)
      const readAll = async () => {
        const bodies: string[] = []
        for (const { method, path } of routes) {
          if (method === 'GET' && !path.endsWith('/authorize'))
            bodies.push(await (await ben.get(path.slice('/api/v1'.length))).text())
        }
        return bodies
      }
      const before = await readAll()
      expect(before.join('')).toMatch(/31415.*4242424242/s)
      const names = ['user_id', 'userId', 'user', 'id', 'sub']
      const spoof = Object.fromEntries(names.map((name) => [name, ben.userId]))
      for (const route of routes) {
        const path = `${route.path}?${new URLSearchParams(spoof)}`
        const body = BODIES.get(`${route.method} ${route.path}`)
        const response = await harness.request(path, {
          method: route.method,
          headers: {
            'content-type': 'application/json',
            authorization: `Bearer ${eve.token}`,
            'x-user-id': ben.userId,
          },
          ...(body && { body: JSON.stringify({ ...body, ...spoof }) }),
        })
        const text = await response.text()
        expect([route.path, response.status < 500]).toEqual([route.path, true])
        for (const secret of [ben.userId, '31415', '27182', 'Benedict', '4242424242'])
          expect([route.path, text]).not.toEqual([route.path, expect.stringContaining(secret)])
      }
      expect(await readAll()).toEqual(before)
    })

    it('no write of one user touches a row of another, though all ids are the same', async () => {
      const { database, strava } = current()
      const harness = open()
      const [ana, ben] = [await harness.createUser(), await harness.createUser()]
      const write = async (
        user: typeof ana,
        { start, count, timezone }: { start: string; count: number; timezone: string },
      ) => {
        const workout = { activity_type: 'run', duration_seconds: count, calories: count, start_time: start }
        const date = TODAY
        const batch = {
          source: 'strava',
          workouts: ['77', 'run-1'].map((original_id) => ({ ...workout, original_id })),
          sleep: [{ date, hours: count }],
          nutrition: [{ date, calories: count }],
          weight: [{ date, weight_kg: count }],
          daily_metrics: [{ date, steps: count }],
        }
        const answers = [
          await user.patch('/users/me/preferences', { timezone }),
          await user.patch('/users/me/profile', { nickname: `${count}` }),
          await user.post('/analytics/goals', { metric: 'steps', period: 'daily', target: count }),
          await user.ingest(batch, { 'idempotency-key': 'one' }),
          await connectStrava(user),
        ]
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 201, 200, 200])
        return answers[3]?.json()
      }
      const rowsOf = async ({ userId }: typeof ana) => {
        const { rows: tables } = Tables.parse(
          await database.db.execute(sql`select table_name as name from information_schema.columns
            where column_name = 'user_id' and table_schema = 'public' order by 1`),
        )
        const rows = []
        for (const { name } of tables) {
          const { rows: found } = Object(
            await database.db.execute(sql`select to_jsonb(r)::text as row from ${sql.identifier(name)} r
              where user_id = ${userId} order by 1`),
          )
          rows.push([name, found])
        }
        return rows
      }
      await write(ben, { start: `${addDays(TODAY, -2)}T20:00:00Z`, count: 10, timezone: 'UTC' })
      await ben.get('/integrations/strava/authorize')
      await database.db.transaction((tx) => harness.outbox.write(tx, { userId: ben.userId, tags: ['waits'] }))
      const before = await rowsOf(ben)
      expect(before.filter(([, rows]) => rows.length === 0)).toEqual([])

      strava.athleteId = 7
      const stored = await write(ana, { start: `${TODAY}T12:00:00Z`, count: 20, timezone: 'Europe/Lisbon' })
      expect(stored).toMatchObject({ affected_dates: [TODAY] })
      // What is another day for Ben is not for Ana.
      expect((await ana.patch('/users/me/preferences', { timezone: 'Asia/Tokyo' })).status).toBe(200)
      expect((await dayOf(ana.get(`/analytics/daily-summary?date=${TODAY}`))).workouts_count).toBe(2)
      const elsewhere = open()
      for (const [user, seen] of [
        [ana, { nickname: '20', timezone: 'Asia/Tokyo', target: 20 }],
        [ben, { nickname: '10', timezone: 'UTC', target: 10 }],
      ] as const) {
        const { get } = elsewhere.withToken(user)
        const read = async (path: string): Promise<unknown> => (await get(path)).json()
        expect(await read('/users/me/profile')).toMatchObject({ id: user.userId, nickname: seen.nickname })
        expect(await read('/users/me/preferences')).toMatchObject({ timezone: seen.timezone })
        expect(await read('/analytics/goals')).toMatchObject({ goals: [{ target: seen.target }] })
      }
      harness.clock.time += 6 * 3_600_000
      const gone = await sendEvent(harness, { owner_id: 7, aspect_type: 'delete' })
      expect([gone.status, await statusOf(ana)]).toMatchObject([200, { sync_status: 'ok' }])
      expect((await dayOf(ana.get(`/analytics/daily-summary?date=${TODAY}`))).workouts_count).toBe(1)
      expect((await ana.remove('/integrations/strava/disconnect')).status).toBe(200)
      expect(await rowsOf(ben)).toEqual(before)
    })

    it('no user ever reads another’s data in 10,000 requests, hit or miss', async () => {
      const harness = open()
      const random = createRandom(20_260_329)
      const users = await Promise.all(Array.from({ length: 8 }, () => harness.createUser()))
      const mark = (index: number) => random.whole(10, 90) * 100 + index
      const ingest = (index: number) =>
        users[index]?.ingest({
          source: 'watch',
          daily_metrics: [{ date: addDays(TODAY, -random.whole(0, 6)), steps: mark(index) }],
        })
      for (const [index, user] of users.entries()) {
        await ingest(index)
        await user.post('/analytics/goals', { metric: 'steps', period: 'daily', target: 100_000 + index })
      }
      const Week = z.object({ steps: z.array(z.number().nullable()) })
      const Day = z.object({ steps: z.number().nullable() })
      const Goals = z.object({ goals: z.array(z.object({ target: z.number() })) })
      const Profile = z.object({ id: z.string() })
      const checks: [string, (body: unknown, index: number) => boolean][] = [
        [
          `/analytics/weekly-trends?end=${TODAY}`,
          (body, index) => Week.parse(body).steps.every((steps) => steps === null || steps % 100 === index),
        ],
        [
          '/analytics/goals',
          (body, index) => Goals.parse(body).goals.every(({ target }) => target === 100_000 + index),
        ],
        ['/users/me/profile', (body, index) => Profile.parse(body).id === users[index]?.userId],
        ...[0, 1, 2, 3].map((back): [string, (body: unknown, index: number) => boolean] => [
          `/analytics/daily-summary?date=${addDays(TODAY, -back)}`,
          (body, index) => ((steps) => steps === null || steps % 100 === index)(Day.parse(body).steps),
        ]),
      ]
      const statuses = new Map<string, number>()
      let crossed = 0
      const one = async () => {
        const index = random.whole(0, users.length - 1)
        if (random.next() < 0.01) return void (await ingest(index))
        const [path, isOwn] = checks[random.whole(0, checks.length - 1)] ?? ['', () => false]
        const other = users[random.whole(0, users.length - 1)]
        const spoofed = random.next() < 0.3 ? `${path}${path.includes('?') ? '&' : '?'}user_id=${other?.userId}` : path
        const response = await users[index]?.get(spoofed)
        if (!response || !isOwn(await response.json(), index)) crossed += 1
        const status = (response && cacheStatus(response)) ?? 'none'
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
      for (let done = 0; done < 10_000; done += 50) await Promise.all(Array.from({ length: 50 }, one))
      expect([crossed, [...statuses.keys()].sort()]).toEqual([0, ['fwd=miss', 'hit']])
    }, 120_000)
  })
}

/** What one user did, and every way it could come out where it must not. */
export async function useEverything(harness: Harness) {
  const user = await harness.createUser()
  const values = { steps: 31_415, hours: 7.77, weight_kg: 83.21 }
  await user.ingest(
    {
      source: 'watch',
      sleep: [{ date: TODAY, hours: values.hours }],
      weight: [{ date: TODAY, weight_kg: values.weight_kg }],
      daily_metrics: [{ date: TODAY, steps: values.steps }],
    },
    { 'idempotency-key': randomUUID() },
  )
  await user.patch('/users/me/profile', { display_name: 'Zebedee Quux' })
  const errors: string[] = []
  for (const route of routesOf(harness)) {
    const authorization = `Bearer ${user.token}`
    const headers = { 'content-type': 'application/json', authorization }
    for (const body of [BODIES.get(`${route.method} ${route.path}`), { steps: values.steps, name: 'Zebedee Quux' }]) {
      const init = {
        method: route.method,
        headers,
        ...(body && route.method !== 'GET' && { body: JSON.stringify(body) }),
      }
      const response = await harness.request(
        `${route.path}${body && route.method === 'GET' ? `?date=${user.userId}&end=${user.email}` : ''}`,
        init,
      )
      const text = await response.text()
      if (!response.ok) errors.push(text)
    }
    const refused = await harness.request(route.path, {
      method: route.method,
      headers: { authorization: `${authorization}x` },
    })
    errors.push(await refused.text())
  }
  const metrics = await (await harness.request('/metrics')).text()
  const secrets = [user.userId, user.token, user.email, 'Zebedee', '31415', '7.77', '83.21', TODAY]
  return { user, secrets, errors: errors.join('\n'), metrics, log: harness.log.join('') }
}
