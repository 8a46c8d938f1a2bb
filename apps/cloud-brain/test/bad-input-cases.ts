import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Problem } from '../src/document-route.ts'
import type { Current } from './api-suite.ts'
import { createHarness, faultyFields, GENEROUS, TODAY } from './harness.ts'

const Operations = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ requestBody: z.unknown().optional() }))),
})

/** What no route with a body may take, whatever its schema says. */
const FAULTS = [
  { what: 'another media type', type: 'text/plain', body: '{}', status: 415 },
  { what: 'no media type', type: undefined, body: new TextEncoder().encode('{}'), status: 415 },
  { what: 'half a document', type: 'application/json', body: '{"a":', status: 400 },
  { what: 'no body', type: 'application/json', body: '', status: 400 },
  { what: 'a list', type: 'application/json', body: '[]', status: 400 },
  { what: 'null', type: 'application/json', body: 'null', status: 400 },
  { what: 'bytes that are not UTF-8', type: 'application/json', body: new Uint8Array([0x22, 0xff, 0x22]), status: 400 },
  { what: 'more bytes than it takes', type: 'application/json', body: `"${'x'.repeat(1_048_577)}"`, status: 413 },
] as const

/** All that a user could have changed. */
const readStored = ({ get }: { get(path: string): Promise<Response> }) =>
  Promise.all(
    [
      '/users/me/preferences',
      '/users/me/profile',
      '/analytics/goals',
      `/analytics/daily-summary?date=${TODAY}`,
      '/chat/usage',
    ].map(async (path) => (await get(path)).text()),
  )

export function describeBadInput(current: Current): void {
  describe('every route with a body', () => {
    it('refuses what is not a document of its kind with a problem that names the field, and stores nothing', async () => {
      const harness = createHarness({ ...current(), policies: GENEROUS, deadline: '10s' })
      const user = await harness.createUser()
      await user.ingest({ source: 'watch', sleep: [{ date: TODAY, hours: 8 }] })
      const { paths } = Operations.parse(await (await harness.request('/openapi.json')).json())
      const routes = Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods).flatMap(([method, { requestBody }]) =>
          requestBody ? [{ path, method: method.toUpperCase() }] : [],
        ),
      )
      expect(routes.length).toBeGreaterThanOrEqual(7)
      const before = await readStored(user)
      for (const { path, method } of routes) {
        for (const { what, type, body, status } of FAULTS) {
          const headers = new Headers({ authorization: `Bearer ${user.token}` })
          if (type !== undefined) headers.set('content-type', type)
          const response = await harness.request(path, { method, headers, body })
          const seen = [path, what, response.status, response.headers.get('content-type')]
          expect(seen).toEqual([path, what, status, 'application/problem+json'])
          const problem = Problem.parse(await response.json())
          expect([path, what, problem.status, typeof problem.code]).toEqual([path, what, status, 'string'])
          if (status === 400) expect([path, what, problem.errors?.length ?? 0]).not.toEqual([path, what, 0])
          expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
          expect(response.headers.get('ratelimit')).not.toBeNull()
        }
      }
      expect(await readStored(user)).toEqual(before)
    })

    it('refuses one byte that is not UTF-8 in a document that is good without it, and stores nothing', async () => {
      const harness = createHarness({ ...current(), policies: GENEROUS, deadline: '10s' })
      const user = await harness.createUser()
      const send = (
        method: string,
        path: string,
        [before, after]: readonly [string, string],
        bytes: readonly number[],
      ) =>
        harness.request(`/api/v1${path}`, {
          method,
          headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
          body: new Uint8Array([...Buffer.from(before), ...bytes, ...Buffer.from(after)]),
        })
      for (const [method, path, around] of [
        ['POST', '/health/ingest', ['{"source":"watch', `","sleep":[{"date":"${TODAY}","hours":8}]}`]],
        ['PATCH', '/users/me/profile', ['{"nickname":"An', 'a"}']],
        ['POST', '/chat', ['{"message":"How', ' did I sleep?"}']],
      ] as const) {
        const before = await readStored(user)
        const refused = await send(method, path, around, [0xff])
        expect([path, refused.status, await faultyFields(refused)]).toEqual([path, 400, ['body']])
        expect(await readStored(user)).toEqual(before)
        expect([path, (await send(method, path, around, [0xc3, 0xa9])).status]).toEqual([path, 200])
      }
    })
  })
}
