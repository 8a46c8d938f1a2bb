import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { idempotencyKeys, stravaStates } from '../src/db/schema/index.ts'
import { Profile } from '../src/health/profile.ts'
import { startJanitor } from '../src/janitor.ts'
import type { Current } from './api-suite.ts'
import { createHarness, dayOf, faultyFields, resultOf, TODAY } from './harness.ts'

const etagOf = (response: Response) => response.headers.get('etag') ?? ''

export function describeUsers(current: Current): void {
  const createUser = () => current().harness.createUser()

  describe('preferences and profile', () => {
    it('GET preferences gives the defaults, and what was changed after a PATCH', async () => {
      const user = await createUser()
      const defaults = {
        coach_persona: 'balanced',
        subscription_tier: 'free',
        is_premium: false,
        timezone: 'UTC',
        units: 'metric',
      }
      expect(await (await user.get('/users/me/preferences')).json()).toEqual(defaults)
      const changed = await user.patch('/users/me/preferences', { coach_persona: 'gentle', units: 'imperial' })
      const after = { ...defaults, coach_persona: 'gentle', units: 'imperial' }
      expect([changed.status, await changed.json()]).toEqual([200, after])
      expect(await (await user.get('/users/me/preferences')).json()).toEqual(after)
    })

    it('GET profile has the e-mail of the token, and what was changed after a PATCH', async () => {
      const user = await createUser()
      const before = Profile.parse(await (await user.get('/users/me/profile')).json())
      const blank = { display_name: null, nickname: null, birthday: null, gender: null, onboarding_complete: false }
      expect(before).toEqual({ id: user.userId, email: user.email, ...blank, created_at: expect.any(String) })
      const change = { display_name: 'Ana Silva', birthday: '1990-02-28', gender: 'female', onboarding_complete: true }
      const changed = await user.patch('/users/me/profile', change)
      expect([changed.status, await changed.json()]).toEqual([200, { ...before, ...change }])
      const cleared = await user.patch('/users/me/profile', { birthday: null })
      expect(await cleared.json()).toEqual({ ...before, ...change, birthday: null })
      expect(await (await user.get('/users/me/profile')).json()).toEqual({ ...before, ...change, birthday: null })
    })

    it('PATCH profile takes a birthday up to today, wherever the user is, and none after', async () => {
      const user = await createUser()
      // It is noon in UTC: tomorrow has begun in Kiritimati.
      expect((await user.patch('/users/me/profile', { birthday: '2026-03-30' })).status).toBe(200)
      const refused = await user.patch('/users/me/profile', { birthday: '2026-03-31', nickname: 'Ana' })
      expect([refused.status, await faultyFields(refused)]).toEqual([400, ['birthday']])
      expect(await (await user.get('/users/me/profile')).json()).toMatchObject({
        birthday: '2026-03-30',
        nickname: null,
      })
    })

    it.each([
      ['/users/me/preferences', {}, ['body']],
      ['/users/me/preferences', { subscription_tier: 'premium', units: 'metric' }, ['subscription_tier']],
      ['/users/me/preferences', { units: 'stone', timezone: 'Mars/Olympus' }, ['timezone', 'units']],
      ['/users/me/profile', {}, ['body']],
      ['/users/me/profile', { email: 'a@b.dev', nickname: 'x' }, ['email']],
      ['/users/me/profile', { nickname: ' ', display_name: '\u2003' }, ['display_name', 'nickname']],
      ['/users/me/profile', { nickname: '', birthday: '1990-02-30', gender: 5 }, ['nickname', 'birthday', 'gender']],
    ])('PATCH %s with %j is 400, names %j and stores nothing', async (path, body, fields) => {
      const user = await createUser()
      const before = await (await user.get(path)).text()
      const response = await user.patch(path, body)
      expect([response.status, (await faultyFields(response)).sort()]).toEqual([400, [...fields].sort()])
      expect(await (await user.get(path)).text()).toBe(before)
    })

    it.each([
      ['/users/me/preferences', { units: 'imperial' }, { units: 'metric' }],
      ['/users/me/profile', { nickname: 'one' }, { nickname: 'two' }],
    ])('PATCH %s with If-Match is 412 once somebody else has changed it', async (path, first, second) => {
      const user = await createUser()
      const seen = etagOf(await user.get(path))
      const won = await user.patch(path, first, { 'if-match': seen })
      const lost = await user.patch(path, second, { 'if-match': seen })
      expect([won.status, lost.status, lost.headers.get('content-type')]).toEqual([
        200,
        412,
        'application/problem+json',
      ])
      const now = await user.get(path)
      expect([etagOf(won), etagOf(lost)]).toEqual([etagOf(now), etagOf(now)])
      expect(await now.json()).toMatchObject(first)
      expect((await user.patch(path, second, { 'if-match': `"other", ${etagOf(now)}` })).status).toBe(200)
      expect((await user.patch(path, second, { 'if-match': '*' })).status).toBe(200)
      expect((await user.patch(path, second, { 'if-match': `W/${etagOf(await user.get(path))}` })).status).toBe(412)
    })

    it.each([
      ['/users/me/preferences', (index: number) => ({ timezone: `Etc/GMT+${index + 1}` })],
      ['/users/me/profile', (index: number) => ({ nickname: `${index}` })],
    ])('PATCH %s with one If-Match is taken from one of ten at a time, and stands', async (path, change) => {
      const user = await createUser()
      const seen = etagOf(await user.get(path))
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) => user.patch(path, change(index), { 'if-match': seen })),
      )
      const won = answers.flatMap(({ status }, index) => (status === 200 ? [index] : []))
      expect([won.length, answers.filter(({ status }) => status === 412).length]).toEqual([1, 9])
      expect(await (await user.get(path)).json()).toMatchObject(change(won[0] ?? -1))
    })

    it.each([
      ['/users/me/preferences', { units: 'imperial' }],
      ['/users/me/profile', { nickname: 'one' }],
    ])('PATCH %s with If-None-Match is 412 where it names what is there, and changes nothing', async (path, change) => {
      const user = await createUser()
      const before = await user.get(path)
      const etag = etagOf(before)
      const body = await before.text()
      for (const named of ['*', etag, `W/${etag}`, `"other", ${etag}`]) {
        const refused = await user.patch(path, change, { 'if-none-match': named })
        expect([named, refused.status, etagOf(refused)]).toEqual([named, 412, etag])
        expect((await user.patch(path, change, { 'if-none-match': named, 'if-match': etag })).status).toBe(412)
      }
      expect(await (await user.get(path)).text()).toBe(body)
      for (const named of ['"other"', '"*"', 'other']) {
        expect([named, (await user.patch(path, change, { 'if-none-match': named })).status]).toEqual([named, 200])
      }
      expect(await (await user.get(path)).json()).toMatchObject(change)
    })
  })

  describe('Idempotency-Key', () => {
    const steps = (count: number) => ({ source: 'watch', daily_metrics: [{ date: TODAY, steps: count }] })

    it('replays the first answer to the same body, and is 409 for another one', async () => {
      const user = await createUser()
      const key = { 'idempotency-key': randomUUID() }
      const batch = { ...steps(5000), sleep: [{ date: TODAY, hours: 25 }] }
      const first = await user.ingest(batch, key)
      await user.ingest(steps(6000))
      const again = await user.ingest(batch, key)
      expect([first.status, first.headers.get('idempotency-replayed')]).toEqual([200, null])
      expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true'])
      expect(await again.text()).toBe(await first.text())
      expect((await dayOf(user.get('/analytics/daily-summary'))).steps).toBe(6000)
      for (const other of [steps(7000), { ...batch, source: 'phone' }]) {
        const { status, headers } = await user.ingest(other, key)
        expect([status, headers.get('content-type')]).toEqual([409, 'application/problem+json'])
      }
      expect((await dayOf(user.get('/analytics/daily-summary'))).steps).toBe(6000)
    })

    it('replays that nothing of a body could be stored, too, and is 409 for another one', async () => {
      const user = await createUser()
      const key = { 'idempotency-key': randomUUID() }
      const night = (hours: number) => ({ source: 'watch', sleep: [{ date: TODAY, hours }] })
      const answers = [await user.ingest(night(25), key), await user.ingest(night(25), key)]
      expect(answers.map(({ status, headers }) => [status, headers.get('idempotency-replayed')])).toEqual([
        [200, null],
        [200, 'true'],
      ])
      expect((await user.ingest(night(8), key)).status).toBe(409)
      expect((await dayOf(user.get('/analytics/daily-summary'))).sleep_hours).toBeNull()
    })

    it('takes a body for the same whatever the order, spacing and unknown members of its items are', async () => {
      const user = await createUser()
      const key = { 'idempotency-key': randomUUID() }
      const night = (more: string) => `{"source":"watch","sleep":[{${more}}]}`
      expect((await user.post('/health/ingest', night(`"date":"${TODAY}","hours":7`), key)).status).toBe(200)
      const again = await user.post('/health/ingest', night(`"hours": 7, "app": 1, "date": "${TODAY}"`), key)
      expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true'])
      expect((await user.post('/health/ingest', night(`"date":"${TODAY}","hours":8`), key)).status).toBe(409)
    })

    it('replays the answer about a workout whose day is beyond those that can be asked for', async () => {
      const user = await createUser()
      const batch = (start_time: string) => ({
        source: 'watch',
        workouts: [{ original_id: start_time, activity_type: 'run', duration_seconds: 60, calories: 5, start_time }],
      })
      for (const [start, day] of [
        ['1900-01-01T00:00:00+14:00', '1899-12-31'],
        ['2199-12-31T23:00:00-12:00', '2200-01-01'],
      ] as const) {
        const key = { 'idempotency-key': randomUUID() }
        const first = await user.ingest(batch(start), key)
        const again = await user.ingest(batch(start), key)
        expect([first.status, again.status]).toEqual([200, 200])
        expect((await resultOf(again)).affected_dates).toEqual([day])
      }
    })

    it('is each user’s own, and forgotten after a day', async () => {
      const { harness } = current()
      const [ana, ben] = [await createUser(), await createUser()]
      const key = { 'idempotency-key': 'batch-1' }
      const answers = async (user: typeof ana, count: number) => {
        const { status, headers } = await user.ingest(steps(count), key)
        return [status, headers.get('idempotency-replayed')]
      }
      expect(await answers(ana, 5000)).toEqual([200, null])
      expect(await answers(ben, 5000)).toEqual([200, null])
      expect((await dayOf(ben.get('/analytics/daily-summary'))).steps).toBe(5000)
      harness.clock.time += 86_400_000
      expect(await answers(ana, 5000)).toEqual([200, 'true'])
      harness.clock.time += 1
      expect(await answers(ana, 8000)).toEqual([200, null])
    })

    it('is deleted a day later, also where its user never comes back, and with it what was begun at Strava', async () => {
      const { database, harness } = current()
      const { db } = database
      const user = await createUser()
      await user.ingest(steps(5000), { 'idempotency-key': 'old' })
      await user.get('/integrations/strava/authorize')
      const rows = async () => [await db.$count(idempotencyKeys), await db.$count(stravaStates)]
      const sweep = async () => {
        await startJanitor({ db, clock: harness.clock, logger: pino({ level: 'silent' }) }).close()
        return rows()
      }
      expect(await sweep()).toEqual([1, 1])
      harness.clock.time += 86_400_001
      // More than one statement takes at once.
      await db.execute(sql`insert into idempotency_keys (user_id, key, body_digest, answer, created_at)
        select user_id, n, body_digest, answer, created_at from idempotency_keys, generate_series(1, 1200) n`)
      await (await createUser()).ingest(steps(1), { 'idempotency-key': 'new' })
      expect(await sweep()).toEqual([1, 0])
    })

    it('does the work of concurrent duplicates once', async () => {
      const { database } = current()
      const user = await createUser()
      const key = { 'idempotency-key': randomUUID() }
      const responses = await Promise.all(Array.from({ length: 10 }, () => user.ingest(steps(5000), key)))
      const bodies = new Set(await Promise.all(responses.map((response) => response.text())))
      expect([responses.every(({ status }) => status === 200), bodies.size]).toEqual([true, 1])
      const replayed = responses.filter(({ headers }) => headers.has('idempotency-replayed'))
      expect(replayed).toHaveLength(9)
      const rows = await database.db.execute(sql`select * from idempotency_keys where user_id = ${user.userId}`)
      expect(rows).toMatchObject({ rows: [{ key: key['idempotency-key'] }] })
    })

    it.each(['', 'x'.repeat(201), 'with space', 'é'])('refuses %j', async (key) => {
      const user = await createUser()
      const response = await user.ingest(steps(1), { 'idempotency-key': key })
      expect([response.status, await faultyFields(response)]).toEqual([400, ['Idempotency-Key']])
    })
  })

  describe('browsers and Prometheus', () => {
    it('lets pages of the allowed origins call, and no others', async () => {
      const { request } = current().harness
      const ask = (origin: string, method = 'OPTIONS') =>
        request('/api/v1/analytics/daily-summary', {
          method,
          headers: { origin, 'access-control-request-method': 'GET' },
        })
      const allowed = await ask('https://app.pond.example')
      expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([
        204,
        'https://app.pond.example',
      ])
      expect(allowed.headers.get('access-control-allow-credentials')).toBeNull()
      for (const origin of ['https://evil.dev', 'https://app.pond.example.evil.dev', 'null']) {
        expect((await ask(origin)).headers.get('access-control-allow-origin')).toBeNull()
      }
      const refused = await ask('https://app.pond.example', 'GET')
      expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([
        401,
        'https://app.pond.example',
      ])
    })

    it('tells metrics only to who has the token, and nobody where there is none', async () => {
      const ask = (kind: Parameters<typeof createHarness>[0]['metricsAccess'], authorization?: string) =>
        createHarness({ ...current(), ...(kind && { metricsAccess: kind }) }).request(
          '/metrics',
          authorization === undefined ? {} : { headers: { authorization } },
        )
      const token = 'prometheus-may-read'
      const access = { kind: 'token', token } as const
      for (const wrong of [undefined, 'Bearer', `Basic ${token}`, `Bearer ${token}x`, 'Bearer prometheus']) {
        const refused = await ask(access, wrong)
        expect([wrong, refused.status, refused.headers.get('www-authenticate')]).toEqual([
          wrong,
          401,
          'Bearer realm="metrics"',
        ])
        expect(await refused.text()).not.toContain('http_requests_total')
      }
      expect((await ask(access, `Bearer ${token}`)).status).toBe(200)
      expect((await ask({ kind: 'off' }, `Bearer ${token}`)).status).toBe(404)
    })

    it('tells metrics by route, without ids', async () => {
      const { request } = current().harness
      const user = await createUser()
      await user.get('/analytics/trend/steps')
      await user.get(`/unknown/${user.userId}`)
      const response = await request('/metrics')
      const text = await response.text()
      expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
      expect(text).toContain(
        'http_requests_total{method="GET",route="/api/v1/analytics/trend/:metric",status="200"} 1\n',
      )
      expect(text).toContain('cache_misses_total 2\n')
      expect(text).toMatch(/^http_request_duration_seconds_bucket\{.*le="\+Inf"\} \d+$/m)
      expect(text).not.toContain(user.userId)
      for (const line of text.trim().split('\n')) expect(line).toMatch(/^(# (HELP|TYPE) .+|\w+(\{[^}]*\})? [\d.e+-]+)$/)
    })
  })
}
