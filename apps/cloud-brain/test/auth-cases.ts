import { randomUUID } from 'node:crypto'
import { importJWK, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER } from '../src/auth/development-issuer.ts'
import type { Current } from './api-suite.ts'
import { createHarness, NOW } from './harness.ts'

const SECONDS = Math.floor(NOW.getTime() / 1000)
const CLAIMS = { iss: DEVELOPMENT_ISSUER, aud: DEVELOPMENT_AUDIENCE, sub: randomUUID(), exp: SECONDS + 60 }
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

export function describeAuth(current: Current): void {
  const send = async (authorization?: string) =>
    current().harness.request('/api/v1/analytics/daily-summary', authorization ? { headers: { authorization } } : {})

  const sign = async (claims: object) => {
    const key = await importJWK(current().testIssuer.privateJwk, 'ES256')
    return new SignJWT({ ...claims }).setProtectedHeader({ alg: 'ES256', kid: 'development' }).sign(key)
  }

  const expectRefused = async (authorization: string | undefined, challenge: string) => {
    const response = await send(authorization)
    expect([response.status, response.headers.get('content-type'), response.headers.get('www-authenticate')]).toEqual([
      401,
      'application/problem+json',
      challenge,
    ])
    expect(response.headers.get('cache-status')).toBeNull()
  }
  const INVALID = 'Bearer realm="cloud-brain", error="invalid_token"'

  describe('tokens', () => {
    it('accepts a token of the issuer', async () => {
      expect((await send(`Bearer ${await sign(CLAIMS)}`)).status).toBe(200)
    })

    it('asks for a token when there is none', () => expectRefused(undefined, 'Bearer realm="cloud-brain"'))

    it.each([
      ['an empty token', 'Bearer'],
      ['another scheme', 'Basic dXNlcjpwYXNz'],
      ['what is not a JWT', 'Bearer x'],
      ['what only looks like a JWT', 'Bearer a.b.c'],
      ['9000 characters', `Bearer ${'x'.repeat(9000)}`],
    ])('refuses %s', (_, authorization) => expectRefused(authorization, INVALID))

    it.each([
      ['that has expired', { exp: SECONDS - 60 }],
      ['without an expiry', { exp: undefined }],
      ['of another issuer', { iss: 'https://elsewhere.dev' }],
      ['for another audience', { aud: 'website' }],
      ['without a subject', { sub: undefined }],
      ['with an empty subject', { sub: '' }],
      ['whose subject is not a UUID', { sub: 'admin' }],
    ])('refuses a token %s', async (_, change) => {
      const claims = Object.fromEntries(
        Object.entries({ ...CLAIMS, ...change }).filter(([, value]) => value !== undefined),
      )
      await expectRefused(`Bearer ${await sign(claims)}`, INVALID)
    })

    it('refuses a token without a signature', () =>
      expectRefused(`Bearer ${base64url({ alg: 'none' })}.${base64url(CLAIMS)}.`, INVALID))

    it('refuses a token that is signed with the public key as a secret', async () => {
      const { d: _, ...publicJwk } = current().testIssuer.privateJwk
      const token = await new SignJWT({ ...CLAIMS })
        .setProtectedHeader({ alg: 'HS256', kid: 'development' })
        .sign(new TextEncoder().encode(JSON.stringify(publicJwk)))
      await expectRefused(`Bearer ${token}`, INVALID)
    })

    it('refuses a token whose content was changed', async () => {
      const [header, , signature] = (await sign(CLAIMS)).split('.')
      await expectRefused(`Bearer ${header}.${base64url({ ...CLAIMS, sub: randomUUID() })}.${signature}`, INVALID)
    })

    it('answers 503 when the keys cannot be fetched, and logs why', async () => {
      const { request, log } = createHarness({
        ...current(),
        verify: async () => ({ status: 'unavailable', cause: new TypeError('fetch failed') }),
      })
      const response = await request('/api/v1/analytics/daily-summary', { headers: { authorization: 'Bearer a.b.c' } })
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
      expect(log.map((line) => JSON.parse(line))).toContainEqual(
        expect.objectContaining({
          level: 40,
          msg: 'Tokens cannot be checked at the moment',
          err: expect.objectContaining({ name: 'TypeError' }),
        }),
      )
    })

    it('POST /dev/token gives a token for the user that is asked for', async () => {
      const { request } = current().harness
      const ask = (sub: unknown) =>
        request('/dev/token', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ sub }),
        })
      const { token } = z
        .object({ token: z.string() })
        .parse(await (await ask('11111111-1111-1111-1111-111111111111')).json())
      expect((await send(`Bearer ${token}`)).status).toBe(200)
      expect((await ask('nobody')).status).toBe(400)
    })
  })
}
