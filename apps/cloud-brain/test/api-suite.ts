import { type Store, slidingWindow } from 'millpond'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { OpenDatabase } from '../src/db/database.ts'
import { POLICIES } from '../src/limits.ts'
import { type FakeStrava, startFakeStrava } from '../src/strava/fake-strava.ts'
import { describeAnalytics } from './analytics-cases.ts'
import { describeAuth } from './auth-cases.ts'
import { describeBadInput } from './bad-input-cases.ts'
import { describeCachedRoutes } from './cached-route-cases.ts'
import { describeChat } from './chat-cases.ts'
import { describeConcurrency } from './concurrent-cases.ts'
import {
  cacheStatus,
  createHarness,
  dayOf,
  emptyTables,
  faultyFields,
  type Harness,
  openTestIssuer,
  type TestIssuer,
  TODAY,
} from './harness.ts'
import { describeIngest } from './ingest-cases.ts'
import { describeStrava } from './strava-cases.ts'
import { describeUsers } from './user-cases.ts'

/** What the suite runs on; opened once per test file. */
export type Parts = { database: OpenDatabase; store: Store; close(): Promise<void> }

/** The same cases for every store and database, and those of `more`. */
export function describeApi(
  name: string,
  open: () => Promise<Parts>,
  more: (current: Current) => void = () => {},
): void {
  describe(name, () => {
    let parts: Parts
    let testIssuer: TestIssuer
    let harness: Harness
    let strava: FakeStrava

    beforeAll(async () => {
      parts = await open()
      testIssuer = await openTestIssuer()
      strava = await startFakeStrava({ now: () => harness.clock.time })
    })
    afterAll(async () => {
      await strava?.close()
      await parts?.close()
      await testIssuer?.close()
    })
    beforeEach(async () => {
      await emptyTables(parts.database)
      harness = createHarness({ ...parts, testIssuer, strava, deadline: '10s' })
      Object.assign(strava, { failWith: undefined, headers: {}, asked: [] })
      strava.activities.clear()
      strava.revoke()
    })

    const current = () => ({ ...parts, testIssuer, harness, strava })
    describeCaching(current)
    describeCachedRoutes(current)
    describeAnalytics(current)
    describeUsers(current)
    describeStrava(current)
    describeConcurrency(current)
    describeChat(current)
    more(current)
    describeIngest(current)
    describeBadInput(current)
    describeAuth(current)
    describeService(current)
  })
}

/** The parts of the running test. */
export type Current = () => Parts & { testIssuer: TestIssuer; harness: Harness; strava: FakeStrava }

const steps = (date: string, count: number) => ({ source: 'watch', daily_metrics: [{ date, steps: count }] })
const DAILY = `/analytics/daily-summary?date=${TODAY}`

function describeCaching(current: Current): void {
  describe('cached analytics', () => {
    it('GET daily-summary is a miss first and a byte-identical hit after', async () => {
      const user = await current().harness.createUser()
      await user.ingest(steps(TODAY, 8000))
      const first = await user.get(DAILY)
      const second = await user.get(DAILY)
      expect([first.status, cacheStatus(first), cacheStatus(second)]).toEqual([200, 'fwd=miss', 'hit'])
      const body = await first.text()
      expect(body).toBe(
        '{"date":"2026-03-29","steps":8000,"calories_consumed":null,"calories_burned":null,"workouts_count":0,"sleep_hours":null,"weight_kg":null}',
      )
      expect(await second.text()).toBe(body)
      expect(second.headers.get('etag')).toBe(first.headers.get('etag'))
      expect(second.headers.get('cache-control')).toContain('private')
      expect(second.headers.get('age')).toMatch(/^\d+$/)
      expect(second.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    })

    it('GET daily-summary is a miss with the new number after an ingest that touches the day, and stays a hit for others', async () => {
      const { createUser } = current().harness
      const [ana, ben] = [await createUser(), await createUser()]
      await ana.ingest(steps(TODAY, 8000))
      await ben.ingest(steps(TODAY, 3000))
      for (const user of [ana, ben]) await user.get(DAILY)
      await ana.ingest(steps(TODAY, 9000))
      const [forAna, forBen] = [await ana.get(DAILY), await ben.get(DAILY)]
      expect([cacheStatus(forAna), cacheStatus(forBen)]).toEqual(['fwd=miss', 'hit'])
      expect([(await dayOf(forAna)).steps, (await dayOf(forBen)).steps]).toEqual([9000, 3000])
    })

    it('GET daily-summary stays a hit after an ingest that touches another day', async () => {
      const user = await current().harness.createUser()
      await user.get(DAILY)
      await user.ingest(steps('2026-03-28', 8000))
      expect(cacheStatus(await user.get(DAILY))).toBe('hit')
    })

    it('GET weekly-trends is a miss after an ingest that touches any of its seven days, and no other', async () => {
      const user = await current().harness.createUser()
      const week = () => user.get(`/analytics/weekly-trends?end=${TODAY}`)
      await week()
      for (const [date, expected] of [
        ['2026-03-22', 'hit'],
        ['2026-03-23', 'fwd=miss'],
        ['2026-03-26', 'fwd=miss'],
        ['2026-03-29', 'fwd=miss'],
        ['2026-03-30', 'hit'],
      ] as const) {
        await user.ingest(steps(date, 5000))
        expect([date, cacheStatus(await week())]).toEqual([date, expected])
      }
      expect(await (await week()).json()).toEqual({
        dates: ['2026-03-23', '2026-03-24', '2026-03-25', '2026-03-26', '2026-03-27', '2026-03-28', '2026-03-29'],
        steps: [5000, null, null, 5000, null, null, 5000],
        calories_in: [null, null, null, null, null, null, null],
        calories_out: [null, null, null, null, null, null, null],
        sleep_hours: [null, null, null, null, null, null, null],
      })
    })

    it('GET daily-summary answers 304 to the ETag it gave, and 200 once the day has changed', async () => {
      const user = await current().harness.createUser()
      const etag = (await user.get(DAILY)).headers.get('etag') ?? ''
      const unchanged = await user.get(DAILY, { 'if-none-match': etag })
      expect([unchanged.status, await unchanged.text()]).toEqual([304, ''])
      await user.ingest(steps(TODAY, 1))
      expect((await user.get(DAILY, { 'if-none-match': etag })).status).toBe(200)
    })

    it('GET daily-summary without a date is today where the user lives, also from the cache at midnight', async () => {
      const { clock, createUser } = current().harness
      const user = await createUser()
      const today = async () => (await dayOf(user.get('/analytics/daily-summary'))).date
      expect(await today()).toBe('2026-03-29')
      clock.time = Date.parse('2026-03-30T00:00:00Z')
      expect(await today()).toBe('2026-03-30')
      await user.patch('/users/me/preferences', { timezone: 'America/St_Johns' })
      expect(await today()).toBe('2026-03-29')
      await user.patch('/users/me/preferences', { timezone: 'Pacific/Kiritimati' })
      expect(await today()).toBe('2026-03-30')
    })

    it.each(['date=2026-02-30', 'date=2026-3-29', 'date=', 'date=2026-03-29&date=2026-03-28', 'date=0001-01-01'])(
      'GET daily-summary?%s is 400 and names the field',
      async (query) => {
        const user = await current().harness.createUser()
        const response = await user.get(`/analytics/daily-summary?${query}`)
        expect([response.status, response.headers.get('content-type')]).toEqual([400, 'application/problem+json'])
        expect(await faultyFields(response)).toEqual(['date'])
      },
    )

    it('GET daily-summary ignores parameters it does not know, another user among them', async () => {
      const { createUser } = current().harness
      const [ana, ben] = [await createUser(), await createUser()]
      await ben.ingest(steps(TODAY, 3000))
      const response = await ana.get(`${DAILY}&user_id=${ben.userId}&userId=${ben.userId}&x=1`)
      expect((await dayOf(response)).steps).toBeNull()
      expect(cacheStatus(await ana.get(DAILY))).toBe('hit')
    })
  })
}

function describeService(current: Current): void {
  describe('service', () => {
    it('answers what it does not know with 404, and another method with 405', async () => {
      const { request, createUser } = current().harness
      const user = await createUser()
      expect((await request('/nothing')).status).toBe(404)
      expect((await user.get('/nothing')).status).toBe(404)
      const wrong = await user.post('/analytics/daily-summary', {})
      expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET'])
    })

    it('limits a user and says so in headers', async () => {
      const policies = { ...POLICIES, user: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'local' }) }
      const user = await createHarness({ ...current(), policies }).createUser()
      const [first, , third] = [await user.get(DAILY), await user.get(DAILY), await user.get(DAILY)]
      expect(first.headers.get('ratelimit-policy')).toBe('"user";q=2;w=60')
      expect(first.headers.get('x-ratelimit-remaining')).toBe('1')
      expect(third.status).toBe(429)
      expect(third.headers.get('content-type')).toBe('application/problem+json')
      expect(third.headers.get('x-ratelimit-remaining')).toBe('0')
      expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(await third.json()).toMatchObject({ status: 429, 'violated-policies': ['user'] })
    })

    /** How a request comes under each policy of the table; a policy that is missing here does not compile. */
    const UNDER = {
      user: { limit: 120, ask: async (harness) => userOf(harness, (user) => () => user.get('/users/me/preferences')) },
      address: {
        limit: 600,
        ask:
          async ({ request }) =>
          () =>
            request('/api/v1/users/me/preferences'),
      },
      'unknown-address': {
        limit: 60,
        ask:
          async ({ app }) =>
          async () =>
            app.request('/api/v1/users/me/preferences'),
      },
      chat: {
        limit: 50,
        ask: async (harness) => userOf(harness, (user) => () => user.post('/chat', { message: 'steps?' })),
      },
    } as const satisfies Record<
      keyof typeof POLICIES,
      { limit: number; ask(harness: Harness): Promise<() => Promise<Response>> }
    >
    async function userOf<Result>(
      { createUser }: Harness,
      use: (user: Awaited<ReturnType<Harness['createUser']>>) => Result,
    ) {
      return use(await createUser())
    }

    it.each(Object.entries(UNDER))(
      'the policy "%s" of the table is in force: its limit passes, the next is 429 with headers',
      async (name, { limit, ask }) => {
        const send = await ask(current().harness)
        const answers = await Promise.all(Array.from({ length: limit }, send))
        await Promise.all(answers.map((answer) => answer.text()))
        expect(answers.filter(({ status }) => status === 429 || status >= 500)).toEqual([])
        const refused = await send()
        expect([refused.status, refused.headers.get('content-type')]).toEqual([429, 'application/problem+json'])
        expect(refused.headers.get('ratelimit-policy')).toMatch(new RegExp(`^"${name}";q=${limit};w=`))
        expect(refused.headers.get('x-ratelimit-remaining')).toBe('0')
        const wait = Number(refused.headers.get('retry-after'))
        expect([wait >= 1, refused.headers.get('ratelimit')]).toEqual([true, `"${name}";r=0;t=${wait}`])
        expect(await refused.json()).toMatchObject({
          status: 429,
          code: 'too_many_requests',
          'violated-policies': [name],
        })
      },
    )

    it('limits an address that sends no token', async () => {
      const policies = { ...POLICIES, address: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'local' }) }
      const { request } = createHarness({ ...current(), policies })
      const statuses = []
      for (let sent = 0; sent < 3; sent += 1) statuses.push((await request(`/api/v1${DAILY}`)).status)
      expect(statuses).toEqual([401, 401, 429])
    })

    it('tells its health and readiness', async () => {
      const { harness, store } = current()
      expect((await harness.request('/healthz')).status).toBe(200)
      const ready = await harness.request('/readyz')
      expect(ready.status).toBe(200)
      expect(await ready.json()).toMatchObject({
        status: 'ready',
        stores: { cache: store.kind, limits: store.kind },
        database: { ok: true },
      })
    })

    it('describes itself as OpenAPI 3.1 and shows it without other hosts', async () => {
      const { request } = current().harness
      const document = z
        .object({ openapi: z.string(), paths: z.record(z.string(), z.unknown()) })
        .parse(await (await request('/openapi.json')).json())
      expect(document.openapi).toBe('3.1.0')
      expect(Object.keys(document.paths).sort()).toEqual([
        '/api/v1/analytics/correlation/sleep-activity',
        '/api/v1/analytics/daily-summary',
        '/api/v1/analytics/dashboard-insight',
        '/api/v1/analytics/goals',
        '/api/v1/analytics/trend/{metric}',
        '/api/v1/analytics/weekly-trends',
        '/api/v1/chat',
        '/api/v1/chat/usage',
        '/api/v1/health/ingest',
        '/api/v1/integrations/strava/authorize',
        '/api/v1/integrations/strava/disconnect',
        '/api/v1/integrations/strava/exchange',
        '/api/v1/integrations/strava/status',
        '/api/v1/users/me/preferences',
        '/api/v1/users/me/profile',
        '/dev/personas',
        '/dev/token',
      ])
      const page = await request('/docs')
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(await page.text()).not.toMatch(/https?:/)
      expect((await request('/docs/swagger-ui-bundle.js')).status).toBe(200)
    })

    it('logs no user, token or health value', async () => {
      const { log, createUser } = current().harness
      const user = await createUser()
      await user.ingest(steps(TODAY, 31_415))
      await user.get(DAILY)
      const text = log.join('')
      expect(log.length).toBe(2)
      for (const secret of [user.userId, user.token, '31415', TODAY]) expect(text).not.toContain(secret)
    })
  })
}
