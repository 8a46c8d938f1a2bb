import { timingSafeEqual } from 'node:crypto'
import { beforeEach, expect, it, vi } from 'vitest'
import { refuseStranger } from './admin-token.ts'

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof import('node:crypto')>()
  return { ...real, timingSafeEqual: vi.fn(real.timingSafeEqual) }
})

const SECRET = 'a-secret-of-the-admin'

const ask = (authorization: string | undefined, adminToken: string | undefined = SECRET) => {
  const request = new Request('http://site.test/', { headers: authorization === undefined ? {} : { authorization } })
  return refuseStranger({ request, runtime: { config: { adminToken } } } as Parameters<typeof refuseStranger>[0])
}

beforeEach(() => {
  vi.mocked(timingSafeEqual).mockClear()
})

it.each([
  ['the secret', `Bearer ${SECRET}`, undefined],
  ['the scheme in small letters', `bearer ${SECRET}`, undefined],
  ['nothing', undefined, 401],
  ['an empty secret', 'Bearer ', 401],
  ['the beginning of it', `Bearer ${SECRET.slice(0, 5)}`, 401],
  ['more than it', `Bearer ${SECRET}x`, 401],
  ['the same length', `Bearer ${SECRET.slice(0, -1)}x`, 401],
  ['another scheme', `Basic ${SECRET}`, 401],
])('compares %s in constant time: one comparison of two digests', (_, authorization, status) => {
  expect(ask(authorization)?.status).toBe(status)
  expect(vi.mocked(timingSafeEqual).mock.calls.map((sides) => sides.map((side) => side.byteLength))).toEqual([[32, 32]])
})

it('is not there where no secret is configured', () => {
  expect(ask(`Bearer ${SECRET}`, '')?.status).toBe(401)
  const request = new Request('http://site.test/', { headers: { authorization: 'Bearer undefined' } })
  const context = { request, runtime: { config: {} } } as Parameters<typeof refuseStranger>[0]
  expect(refuseStranger(context)?.status).toBe(404)
})
