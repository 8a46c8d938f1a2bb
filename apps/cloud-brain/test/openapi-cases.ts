import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Current } from './api-suite.ts'
import { createHarness, GENEROUS, TODAY } from './harness.ts'
import { allowStrava } from './strava-cases.ts'

const Content = z.record(z.string(), z.object({ schema: z.unknown() }))
const Document = z.object({
  paths: z.record(
    z.string(),
    z.record(z.string(), z.object({ responses: z.record(z.string(), z.object({ content: Content.optional() })) })),
  ),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
})

type Asked = { method: string; path: string; body?: unknown; headers?: Record<string, string>; anonymous?: true }

const get = (path: string, headers: Record<string, string> = {}): Asked => ({ method: 'GET', path, headers })
const post = (path: string, body: unknown): Asked => ({ method: 'POST', path, body })
const patch = (path: string, body: unknown, headers: Record<string, string> = {}): Asked => ({
  method: 'PATCH',
  path,
  body,
  headers,
})
const API = '/api/v1'

/** Requests that make every documented route answer, well and badly, without figures and with them. */
const READS: readonly Asked[] = [
  get(`${API}/analytics/daily-summary`),
  get(`${API}/analytics/daily-summary?date=yesterday`),
  get(`${API}/analytics/weekly-trends`),
  get(`${API}/analytics/weekly-trends?end=1900-01-01`),
  get(`${API}/analytics/correlation/sleep-activity?lag=1`),
  get(`${API}/analytics/correlation/sleep-activity?days=6`),
  get(`${API}/analytics/trend/steps`),
  get(`${API}/analytics/trend/nothing`),
  get(`${API}/analytics/goals`),
  get(`${API}/analytics/dashboard-insight`),
  get(`${API}/users/me/preferences`),
  get(`${API}/users/me/profile`),
  get(`${API}/users/me/profile`, { 'if-none-match': '*' }),
  get(`${API}/integrations/strava/status`),
  get(`${API}/integrations/strava/authorize`),
  get(`${API}/chat/usage`),
  get('/dev/personas'),
  { ...get(`${API}/users/me/profile`), anonymous: true },
]
const WRITES: readonly Asked[] = [
  post(`${API}/health/ingest`, {
    source: 'watch',
    sleep: [{ date: TODAY, hours: 7 }, 'a night'],
    workouts: [
      {
        original_id: 'late',
        activity_type: 'run',
        duration_seconds: 60,
        calories: 5,
        start_time: '2199-12-31T23:00:00-12:00',
      },
    ],
    daily_metrics: [{ date: TODAY, steps: 9000 }],
  }),
  post(`${API}/health/ingest`, {}),
  post(`${API}/analytics/goals`, { metric: 'steps', period: 'daily', target: 5000 }),
  post(`${API}/analytics/goals`, { metric: 'weight_kg', period: 'long_term', target: 70 }),
  post(`${API}/analytics/goals`, { metric: 'luck' }),
  patch(`${API}/users/me/preferences`, { timezone: 'Pacific/Kiritimati' }),
  patch(`${API}/users/me/preferences`, { subscription_tier: 'premium' }),
  patch(`${API}/users/me/profile`, { nickname: 'Ana', birthday: '1990-02-28' }),
  patch(`${API}/users/me/profile`, { birthday: null }),
  patch(`${API}/users/me/profile`, { nickname: 'Ben' }, { 'if-match': '"another"' }),
  post(`${API}/chat`, { message: 'steps?' }),
  post(`${API}/chat`, { message: '' }),
  post(`${API}/integrations/strava/exchange`, { code: 'none', state: 'none' }),
  { method: 'DELETE', path: `${API}/integrations/strava/disconnect` },
  post('/dev/token', { sub: '11111111-1111-4111-8111-111111111111' }),
  post('/dev/token', { sub: 'x' }),
  post('/dev/token', 'x'.repeat(5000)),
]

/** The document's schema with what it refers to put in its place. */
function toSchema(schema: unknown, schemas: Readonly<Record<string, unknown>>): unknown {
  if (typeof schema !== 'object' || schema === null) return schema
  if (Array.isArray(schema)) return schema.map((item) => toSchema(item, schemas))
  if ('$ref' in schema) return toSchema(schemas[String(schema.$ref).replace('#/components/schemas/', '')], schemas)
  return Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, toSchema(value, schemas)]))
}

export function describeOpenApi(current: Current): void {
  describe('/openapi.json', () => {
    it('declares every status, media type and body that the routes answer with', async () => {
      const harness = createHarness({ ...current(), policies: GENEROUS, deadline: '10s' })
      const { paths, components } = Document.parse(await (await harness.request('/openapi.json')).json())
      const user = await harness.createUser()
      const answered = new Set<string>()

      async function check({ method, path, body, headers, anonymous }: Asked): Promise<void> {
        const response = await harness.request(path, {
          method,
          headers: {
            ...(!anonymous && { authorization: `Bearer ${user.token}` }),
            ...(body !== undefined && { 'content-type': 'application/json' }),
            ...headers,
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        })
        const template = (path.split('?')[0] ?? '').replace(/trend\/\w+/, 'trend/{metric}')
        const declared = paths[template]?.[method.toLowerCase()]?.responses[response.status]
        const text = await response.text()
        const type = response.headers.get('content-type')?.split(';')[0]
        const content = type === undefined ? undefined : declared?.content?.[type]
        const isDeclared = declared !== undefined && (content !== undefined || text === '')
        expect([method, path, response.status, type, isDeclared]).toEqual([method, path, response.status, type, true])
        if (response.ok) answered.add(`${method.toLowerCase()} ${template}`)
        if (!type?.endsWith('json')) return
        const schema = z.fromJSONSchema(
          z.record(z.string(), z.unknown()).parse(toSchema(content?.schema, components.schemas)),
        )
        expect([method, path, schema.safeParse(JSON.parse(text)).error?.issues]).toEqual([method, path, undefined])
      }

      for (const asked of [...READS, ...WRITES, ...READS]) await check(asked)
      const { code, state } = await allowStrava(user)
      await check(post(`${API}/integrations/strava/exchange`, { code, state }))
      await check(get(`${API}/integrations/strava/status`))
      const documented = Object.entries(paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method} ${path}`),
      )
      expect([...answered].sort()).toEqual(documented.sort())
    })
  })
}
