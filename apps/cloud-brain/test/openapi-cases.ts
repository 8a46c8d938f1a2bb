import { fixedWindow } from 'millpond'
import { describe, expect, it } from 'vitest'
import { answerStarting } from '../src/answer-errors.ts'
import type { Current } from './api-suite.ts'
import { createHarness, GENEROUS, type Harness, TODAY } from './harness.ts'
import { allowStrava } from './strava.ts'

type User = Awaited<ReturnType<Harness['createUser']>>
type Asked = { method: string; path: string; body?: unknown; headers?: Record<string, string> }

/** What a route answers well, and what it refuses as not valid where there is such a thing. */
type Route = { ask: Asked | ((user: User) => Promise<Asked>); faulty?: Asked }

const API = '/api/v1'
const get = (path: string): Asked => ({ method: 'GET', path })
const post = (path: string, body: unknown): Asked => ({ method: 'POST', path, body })
const patch = (path: string, body: unknown): Asked => ({ method: 'PATCH', path, body })

/** A route with a parameter, or a member of its body, that is not valid: `faulty` is what takes the place of what is good. */
const read = (path: string, faulty?: string): Route => ({
  ask: get(`${API}${path}`),
  ...(faulty !== undefined && { faulty: get(`${API}${path}?${faulty}`) }),
})
const write = (ask: Asked, faulty: unknown): Route => ({ ask, faulty: { ...ask, body: faulty } })

const ROUTES: Readonly<Record<string, Route>> = {
  'get /api/v1/analytics/daily-summary': read('/analytics/daily-summary', 'date=yesterday'),
  'get /api/v1/analytics/weekly-trends': read('/analytics/weekly-trends', 'end=1899-12-31'),
  'get /api/v1/analytics/correlation/sleep-activity': read('/analytics/correlation/sleep-activity', 'days=6'),
  'get /api/v1/analytics/trend/{metric}': read('/analytics/trend/steps', 'window_size=31'),
  'get /api/v1/analytics/goals': read('/analytics/goals', 'date=2026-02-30'),
  'post /api/v1/analytics/goals': write(
    post(`${API}/analytics/goals`, { metric: 'steps', period: 'daily', target: 5000 }),
    { metric: 'luck' },
  ),
  'get /api/v1/analytics/dashboard-insight': read('/analytics/dashboard-insight', `date=${TODAY}&date=${TODAY}`),
  'post /api/v1/health/ingest': write(
    post(`${API}/health/ingest`, { source: 'watch', sleep: [{ date: TODAY, hours: 7 }, 'a night'] }),
    {},
  ),
  'get /api/v1/users/me/preferences': read('/users/me/preferences'),
  'patch /api/v1/users/me/preferences': write(patch(`${API}/users/me/preferences`, { units: 'imperial' }), {
    subscription_tier: 'premium',
  }),
  'get /api/v1/users/me/profile': read('/users/me/profile'),
  'patch /api/v1/users/me/profile': write(patch(`${API}/users/me/profile`, { nickname: 'Ana' }), {}),
  'post /api/v1/chat': write(post(`${API}/chat`, { message: 'steps?' }), { message: '' }),
  'get /api/v1/chat/usage': read('/chat/usage'),
  'get /api/v1/integrations/strava/authorize': read('/integrations/strava/authorize'),
  'post /api/v1/integrations/strava/exchange': {
    ask: async (user) => {
      const { code, state } = await allowStrava(user)
      return post(`${API}/integrations/strava/exchange`, { code, state })
    },
    faulty: post(`${API}/integrations/strava/exchange`, { code: 'none', state: 'none' }),
  },
  'get /api/v1/integrations/strava/status': read('/integrations/strava/status'),
  'delete /api/v1/integrations/strava/disconnect': {
    ask: { method: 'DELETE', path: `${API}/integrations/strava/disconnect` },
  },
  'post /dev/token': write(post('/dev/token', { sub: '11111111-1111-4111-8111-111111111111' }), { sub: 'x' }),
  'get /dev/personas': { ask: get('/dev/personas') },
}

export function describeOpenApi(current: Current): void {
  type Parts = Partial<Parameters<typeof createHarness>[0]>
  const open = (parts: Parts = {}) => createHarness({ ...current(), policies: GENEROUS, deadline: '10s', ...parts })

  /** Sends as a user, or as nobody. */
  function send({ request }: Pick<Harness, 'request'>, { method, path, body, headers }: Asked, user?: User) {
    return request(path, {
      method,
      headers: {
        ...(user && { authorization: `Bearer ${user.token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  }

  /** An application whose database, and whose issuer of tokens, fail with this code of an error. */
  function openFailing(code: string): Harness {
    const { database, testIssuer } = current()
    const fail = () => {
      throw Object.assign(new Error('select weight from secret'), { code })
    }
    const failing = { value: fail }
    const db = Object.create(database.db, {
      select: failing,
      insert: failing,
      delete: failing,
      execute: failing,
      transaction: failing,
    })
    const issuer = { ...testIssuer.issuer, mint: async () => fail() }
    return open({ database: { ...database, db }, testIssuer: { ...testIssuer, issuer } })
  }

  /** How each status is reached on any route that declares it. */
  type Way = (scene: { harness: Harness; user: User; ask: Asked; faulty: Asked | undefined }) => Promise<Response>
  const good: Way = ({ harness, ask, user }) => send(harness, ask, user)
  const WAYS: Readonly<Record<number, Way>> = {
    200: good,
    201: good,
    304: async ({ harness, ask, user }) => {
      const etag = (await send(harness, ask, user)).headers.get('etag') ?? ''
      return send(harness, { ...ask, headers: { 'if-none-match': etag } }, user)
    },
    400: ({ harness, faulty, user, ask }) => send(harness, faulty ?? ask, user),
    401: ({ harness, ask }) => send(harness, ask),
    404: ({ harness, ask, user }) => send(harness, { ...ask, path: ask.path.replace(/\w+$/, 'nothing') }, user),
    409: async ({ harness, ask, user }) => {
      const headers = { 'idempotency-key': 'one' }
      await send(harness, { ...ask, headers }, user)
      return send(harness, { ...ask, headers, body: { source: 'another' } }, user)
    },
    412: ({ harness, ask, user }) => send(harness, { ...ask, headers: { 'if-match': '"another"' } }, user),
    413: ({ harness, ask, user }) => send(harness, { ...ask, body: 'x'.repeat(2_000_000) }, user),
    415: ({ harness, ask, user }) => send(harness, { ...ask, headers: { 'content-type': 'text/plain' } }, user),
    429: async ({ ask, user }) => {
      const address = fixedWindow({ limit: 1, window: '1d', onUnavailable: 'local' })
      const harness = open({ policies: { ...GENEROUS, address } })
      await send(harness, ask, user)
      return send(harness, ask, user)
    },
    500: ({ ask, user }) => send(openFailing('42703'), ask, user),
    // Without a database there is nothing that its issuer of tokens could fail at: what is left to it is the start.
    503: ({ ask, user }) =>
      ask.path.startsWith('/dev/')
        ? open().contract.check(ask.method, ask.path, answerStarting()).then(answerStarting)
        : send(openFailing('ECONNREFUSED'), ask, user),
  }

  describe('/openapi.json', () => {
    it('declares nothing that a route does not answer: each status of each route is reached', async () => {
      const harness = open()
      const faults: string[] = []
      for (const { operation, status } of harness.contract.answers) {
        const [route, way] = [ROUTES[operation], WAYS[status]]
        if (!route || !way) {
          faults.push(`${operation} ${status}: no test reaches it`)
          continue
        }
        const user = await harness.createUser()
        const ask = typeof route.ask === 'function' ? await route.ask(user) : route.ask
        const reached = await way({ harness, user, ask, faulty: route.faulty }).then(
          (answer) => answer.status,
          (error: Error) => error.message,
        )
        if (reached !== status) faults.push(`${operation} ${status}: ${reached}`)
      }
      expect(faults).toEqual([])
      expect(harness.contract.answers.length).toBeGreaterThan(100)
    })

    it('is what every answer of every test is held against: status, media type, headers and members', async () => {
      const { contract } = open()
      const body = JSON.stringify({ date: TODAY, goals: [] })
      const headers = {
        'content-type': 'application/json',
        'cache-control': 'private, no-cache',
        etag: '"1"',
        'cache-status': 'millpond; hit',
      }
      const check = (answer: Response) =>
        contract.check('GET', '/api/v1/analytics/goals?date=x', answer).then(
          () => 'as declared',
          (error: Error) => error.message.replace(/^get \S+ answered /, '').replace(/✖ /, ''),
        )
      expect(await check(new Response(body, { headers }))).toBe('as declared')
      expect(await check(new Response(body, { headers, status: 418 }))).toBe('418: the status is not declared')
      expect(await check(new Response(body, { headers: { ...headers, 'content-type': 'text/csv' } }))).toBe(
        '200: the media type text/csv is not declared',
      )
      expect(await check(new Response(body, { headers: { 'content-type': 'application/json' } }))).toBe(
        '200: the header Cache-Status is missing',
      )
      expect(await check(new Response(body, { headers: { ...headers, 'cache-control': 'no-cache' } }))).toBe(
        '200: Cache-Control is not private, no-cache',
      )
      expect(await check(new Response(`{"mood":1,${body.slice(1)}`, { headers }))).toBe(
        '200: the body is not as declared: Unrecognized key: "mood"',
      )
    })
  })
}
