import { once } from 'node:events'
import { slidingWindow } from 'millpond'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Answerer, AnswererError } from '../src/chat/answerer.ts'
import { POLICIES } from '../src/limits.ts'
import type { Current } from './api-suite.ts'
import { createHarness, dayOf, faultyFields, GENEROUS, type Harness, resultOf, TODAY } from './harness.ts'
import { connectStrava } from './strava.ts'

const DAILY = `/analytics/daily-summary?date=${TODAY}`

/** The request limits, and what the service tells of itself. */
export function describeService(current: Current): void {
  describe('service', () => {
    it('answers what it does not know with 404, and another method with 405', async () => {
      const { request, createUser } = current().harness
      const user = await createUser()
      expect((await request('/nothing')).status).toBe(404)
      expect((await user.get('/nothing')).status).toBe(404)
      const wrong = await user.post('/analytics/daily-summary', {})
      expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
      const goals = await user.remove('/analytics/goals')
      expect([goals.status, goals.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])
    })

    it('blames a body that breaks off on the client, and neither on the database nor in the log', async () => {
      const { log, request, createUser } = current().harness
      const { token } = await createUser()
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.error(Object.assign(new Error('aborted'), { code: 'ECONNRESET' })),
      })
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
      const response = await request('/api/v1/health/ingest', init)
      expect([response.status, await faultyFields(response)]).toEqual([400, ['body']])
      expect(log.filter((line) => line.includes('request failed'))).toEqual([])
    })

    it.each([
      ['08006', 503],
      ['57014', 503],
      ['40P01', 503],
      ['42703', 500],
    ])('answers SQLSTATE %s with %i and nothing about the inside', async (code, status) => {
      const cause = Object.assign(new Error('select weight from secret'), { code })
      const failing = Object.create(current().database.db, {
        transaction: { value: () => Promise.reject(new Error('Failed query: select', { cause })) },
      })
      const parts = { ...current(), database: { ...current().database, db: failing } }
      const response = await (await createHarness(parts).createUser()).get(DAILY)
      expect([response.status, response.headers.get('retry-after')]).toEqual([status, status === 503 ? '5' : null])
      expect(await response.text()).not.toMatch(/select|secret/)
    })

    it('limits a user and says so in headers', async () => {
      const policies = { ...POLICIES, user: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'local' }) }
      const user = await createHarness({ ...current(), policies, deadline: '10s' }).createUser()
      const [first, faulty, third] = [await user.get(DAILY), await user.get(`${DAILY}x`), await user.get(DAILY)]
      expect([faulty.status, faulty.headers.get('ratelimit-policy')]).toEqual([400, '"user";q=2;w=60'])
      expect(faulty.headers.get('x-ratelimit-remaining')).toBe('0')
      expect(first.headers.get('ratelimit-policy')).toBe('"user";q=2;w=60')
      expect(first.headers.get('x-ratelimit-remaining')).toBe('1')
      expect(third.status).toBe(429)
      expect(third.headers.get('content-type')).toBe('application/problem+json')
      expect(third.headers.get('x-ratelimit-remaining')).toBe('0')
      expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(await third.json()).toMatchObject({ status: 429, 'violated-policies': ['user'] })
      const refused = await user.ingest({ source: 'watch', sleep: [{ date: TODAY, hours: 8 }] })
      expect(refused.status).toBe(429)
      const elsewhere = createHarness(current()).withToken(user)
      expect((await dayOf(elsewhere.get(DAILY))).sleep_hours).toBeNull()
    })

    /** How a request comes under each policy of the table; a policy that is missing here does not compile. */
    const UNDER = {
      user: {
        limit: 120,
        seconds: 60,
        ask: async (harness) => userOf(harness, (user) => () => user.get('/users/me/preferences')),
      },
      address: {
        limit: 600,
        seconds: 60,
        ask:
          async ({ request }) =>
          () =>
            request('/api/v1/users/me/preferences'),
      },
      'unknown-address': {
        limit: 60,
        seconds: 60,
        ask:
          async ({ app }) =>
          async () =>
            app.request('/api/v1/users/me/preferences'),
      },
      'strava-athlete': {
        limit: 30,
        seconds: 900,
        ask: async ({ createUser, request }) => {
          await connectStrava(await createUser())
          const event = { object_type: 'athlete', object_id: 4242, aspect_type: 'update', owner_id: 4242 }
          const headers = { 'content-type': 'application/json' }
          return () => request('/webhooks/strava', { method: 'POST', headers, body: JSON.stringify(event) })
        },
      },
      items: {
        limit: 100_000,
        seconds: 86_400,
        cost: 500,
        // None of them can be stored; to look at them costs all the same.
        ask: async (harness) =>
          userOf(harness, (user) => () => user.ingest({ source: 'watch', sleep: Array(500).fill(0) })),
      },
      chat: {
        limit: 50,
        seconds: 86_400,
        ask: async (harness) => userOf(harness, (user) => () => user.post('/chat', { message: 'steps?' })),
      },
    } as const satisfies Record<
      keyof typeof POLICIES,
      { limit: number; seconds: number; cost?: number; ask(harness: Harness): Promise<() => Promise<Response>> }
    >
    async function userOf<Result>(
      { createUser }: Harness,
      use: (user: Awaited<ReturnType<Harness['createUser']>>) => Result,
    ) {
      return use(await createUser())
    }

    it.each(Object.entries(UNDER))(
      'the policy "%s" of the table is in force: its limit passes, the next is 429 with headers',
      async (name, { limit, seconds, ask, ...rest }) => {
        const cost = 'cost' in rest ? rest.cost : 1
        const generous = () => createHarness({ ...current(), policies: GENEROUS, deadline: '10s' })
        const send = await ask(cost === 1 ? current().harness : generous())
        const answers = await Promise.all(Array.from({ length: limit / cost }, send))
        await Promise.all(answers.map((answer) => answer.text()))
        expect(answers.filter(({ status }) => status === 429 || status >= 500)).toEqual([])
        const refused = await send()
        expect([refused.status, refused.headers.get('content-type')]).toEqual([429, 'application/problem+json'])
        expect(refused.headers.get('ratelimit-policy')).toBe(`"${name}";q=${limit};w=${seconds}`)
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

    it('counts the items of a batch once: not when it is replayed, refused or fails', async () => {
      const { createUser } = current().harness
      const user = await createUser()
      const steps = (count: number) => ({ source: 'watch', daily_metrics: [{ date: TODAY, steps: count }, 'x'] })
      const left = async (response: Promise<Response>) => {
        const { headers, status } = await response
        return [status, headers.get('ratelimit')?.split(';')[1]]
      }
      const policies = { ...GENEROUS, items: slidingWindow({ limit: 10, window: '60s', onUnavailable: 'local' }) }
      const parts = { ...current(), policies, deadline: '10s' as const }
      const ana = createHarness(parts).withToken(user)
      const key = { 'idempotency-key': 'one' }
      expect(await left(ana.ingest(steps(1), key))).toEqual([200, 'r=8'])
      expect((await ana.ingest(steps(1), key)).headers.get('idempotency-replayed')).toBe('true')
      expect((await ana.ingest(steps(2), key)).status).toBe(409)
      expect(await left(ana.ingest(steps(3)))).toEqual([200, 'r=6'])
      const seven = { source: 'watch', weight: Array(7).fill({ date: TODAY, weight_kg: 70 }) }
      const refused = await ana.ingest(seven)
      expect([refused.status, await refused.json()]).toMatchObject([429, { 'violated-policies': ['items'], limit: 10 }])
      expect((await ana.ingest(seven, { 'idempotency-key': 'two' })).status).toBe(429)
      expect((await resultOf(ana.ingest({ source: 'watch' }))).success).toBe(true)
      expect(await left(ana.ingest(steps(4)))).toEqual([200, 'r=4'])
    })

    it('replays what it has answered when no items are left for the day, too', async () => {
      const user = await current().harness.createUser()
      const batch = (...weights: number[]) => ({
        source: 'watch',
        weight: weights.map((weight_kg) => ({ date: TODAY, weight_kg })),
      })
      const policies = { ...GENEROUS, items: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'local' }) }
      const ana = createHarness({ ...current(), policies, deadline: '10s' }).withToken(user)
      const key = { 'idempotency-key': 'one' }
      const first = await ana.ingest(batch(70, 71), key)
      const again = await ana.ingest(batch(70, 71), key)
      expect([first.status, again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 200, 'true'])
      expect(await again.text()).toBe(await first.text())
      expect((await ana.ingest(batch(70, 72), key)).status).toBe(409)
      expect((await ana.ingest(batch(70, 71), { 'idempotency-key': 'two' })).status).toBe(429)
      expect((await ana.ingest(batch(70, 71))).status).toBe(429)
      expect((await dayOf(ana.get('/analytics/daily-summary'))).weight_kg).toBe(71)
    })

    it('limits an address that sends no token', async () => {
      const policies = { ...POLICIES, address: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'local' }) }
      const { request } = createHarness({ ...current(), policies, deadline: '10s' })
      const answers = []
      for (let sent = 0; sent < 3; sent += 1) {
        const { status, headers } = await request(`/api/v1${DAILY}`)
        answers.push([status, headers.get('x-ratelimit-remaining')])
      }
      expect(answers).toEqual([
        [401, '1'],
        [401, '0'],
        [429, '0'],
      ])
    })

    it.each([DAILY, '/users/me/preferences'])('limits an address whoever its tokens are of: %s', async (path) => {
      const policies = { ...POLICIES, address: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'local' }) }
      const { createUser } = createHarness({ ...current(), policies, deadline: '10s' })
      const answers = []
      for (let sent = 0; sent < 3; sent += 1) answers.push(await (await createUser()).get(path))
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
      expect(await answers[2]?.json()).toMatchObject({ 'violated-policies': ['address'] })
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

    it('is not ready once it is about to stop, and serves on', async () => {
      const began = new AbortController()
      const late = new AbortController()
      const harness = createHarness({ ...current(), stopping: { began: began.signal, late: late.signal } })
      const user = await harness.createUser()
      began.abort()
      const ready = await harness.request('/readyz')
      expect([ready.status, await ready.json()]).toMatchObject([503, { status: 'stopping', database: { ok: true } }])
      expect([(await user.get(DAILY)).status, (await harness.request('/healthz')).status]).toEqual([200, 200])
    })

    it('ends an answer of the coach with an event and gives the question back when it must end', async () => {
      const late = new AbortController()
      const stopping = { began: AbortSignal.abort(), late: late.signal }
      const answerer: Answerer = async function* (_, { signal }) {
        yield { type: 'text', text: 'Well, ' }
        await once(signal, 'abort')
        throw new AnswererError('Cannot answer: cut off')
      }
      const user = await createHarness({ ...current(), stopping, answerer }).createUser()
      const answer = await user.post('/chat', { message: 'steps?' })
      const text = answer.text()
      late.abort()
      expect((await text).match(/^event: .*/gm)).toEqual(['event: text', 'event: error'])
      expect(await (await user.get('/chat/usage')).json()).toMatchObject({ used: 0 })
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
      const slashed = await request('/docs/')
      expect([slashed.status, slashed.headers.get('location')]).toEqual([308, '/docs'])
      const icon = await request('/favicon.ico')
      expect([icon.status, (await request(icon.headers.get('location') ?? '')).headers.get('content-type')]).toEqual([
        308,
        'image/png',
      ])
    })

    it('logs no user, token or health value', async () => {
      const { log, createUser } = current().harness
      const user = await createUser()
      await user.ingest({ source: 'watch', daily_metrics: [{ date: TODAY, steps: 31_415 }] })
      await user.get(DAILY)
      const text = log.join('')
      expect(log.length).toBe(2)
      for (const secret of [user.userId, user.token, '31415', TODAY]) expect(text).not.toContain(secret)
    })
  })
}
