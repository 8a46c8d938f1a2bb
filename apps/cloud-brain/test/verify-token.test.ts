import { randomUUID } from 'node:crypto'
import { errors, generateKeyPair, SignJWT } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { createVerifier, type Verify } from '../src/auth/verifier.ts'

const CLAIMS = { issuer: 'https://id.pond.example', audience: 'phone' }
const subject = randomUUID()

describe('a token of a key that is at hand', () => {
  const NOW_SECONDS = Date.parse('2026-03-29T12:00:00Z') / 1000
  const MINUTE = { sub: subject, exp: NOW_SECONDS + 60 }
  let privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey']
  let clock: { time: number; now(): number }
  let checks: number
  let verify: Verify

  beforeEach(async () => {
    const pair = await generateKeyPair('ES256')
    privateKey = pair.privateKey
    clock = { time: NOW_SECONDS * 1000, now: () => clock.time }
    checks = 0
    const keys = async () => {
      checks += 1
      return pair.publicKey
    }
    verify = createVerifier({ keys, ...CLAIMS, clock })
  })
  const sign = (claims: Record<string, unknown>) =>
    new SignJWT({ iss: CLAIMS.issuer, aud: CLAIMS.audience, ...claims })
      .setProtectedHeader({ alg: 'ES256' })
      .sign(privateKey)

  it.each([
    ['expired 4 s ago', { exp: NOW_SECONDS - 4 }, 'verified'],
    ['expired 5 s ago', { exp: NOW_SECONDS - 5 }, 'refused'],
    ['is valid in 5 s', { ...MINUTE, nbf: NOW_SECONDS + 5 }, 'verified'],
    ['is valid in 6 s', { ...MINUTE, nbf: NOW_SECONDS + 6 }, 'refused'],
  ])('verify() allows clocks to differ by 5 s: one that %s', async (_, claims, expected) => {
    expect((await verify(await sign({ sub: subject, ...claims }))).status).toBe(expected)
  })

  it.each([
    ['the claim "iss" is missing or wrong', { ...MINUTE, iss: 'https://elsewhere.example' }],
    ['the claim "aud" is missing or wrong', { ...MINUTE, aud: 'website' }],
    ['the claim "exp" is missing or wrong', { sub: subject }],
    ['the claim "sub" is missing or wrong', { exp: MINUTE.exp }],
    ['the subject is not a UUID', { ...MINUTE, sub: 'admin' }],
    ['the token has expired', { ...MINUTE, exp: NOW_SECONDS - 60 }],
  ])('verify() says why it refuses, each time: %s', async (reason, claims) => {
    const token = await sign(claims)
    for (const _ of [1, 2]) expect(await verify(token)).toEqual({ status: 'refused', reason })
  })

  it('verify() says unavailable, not refused, when the issuer does not answer in time', async () => {
    const cause = new errors.JWKSTimeout()
    const waiting = createVerifier({ keys: () => Promise.reject(cause), ...CLAIMS, clock })
    expect(await waiting(await sign(MINUTE))).toEqual({ status: 'unavailable', cause })
  })

  it('verify() remembers 10,000 tokens, and then begins anew', async () => {
    const tokens = await Promise.all(Array.from({ length: 10_001 }, (_, id) => sign({ ...MINUTE, jti: `${id}` })))
    const [first = '', last = ''] = [tokens[0], tokens.at(-1)]
    for (const token of tokens.slice(0, -1)) await verify(token)
    await verify(first)
    expect(checks).toBe(10_000)
    await verify(last)
    await verify(last)
    expect(checks).toBe(10_001)
    await verify(first)
    expect(checks).toBe(10_002)
  })

  it.each([
    ['ada@pond.example', 'ada@pond.example'],
    [`${'a'.repeat(241)}@pond.example`, `${'a'.repeat(241)}@pond.example`],
    [`${'a'.repeat(242)}@pond.example`, null],
    ['ada', null],
    [7, null],
  ])('verify() takes the address %j as %j', async (email, expected) => {
    expect(await verify(await sign({ ...MINUTE, email }))).toMatchObject({ status: 'verified', email: expected })
  })

  it('verify() checks a token again after a minute, after it has expired, and when the clock was set back', async () => {
    const [long, short] = [
      await sign({ sub: subject, exp: NOW_SECONDS + 3600 }),
      await sign({ ...MINUTE, exp: NOW_SECONDS + 30 }),
    ]
    const checksOf = async (token: string, afterMs: number) => {
      clock.time = NOW_SECONDS * 1000 + afterMs
      const before = checks
      expect((await verify(token)).status).toBe('verified')
      return checks - before
    }
    expect([await checksOf(long, 0), await checksOf(long, 0), await checksOf(long, 59_999)]).toEqual([1, 0, 0])
    expect([await checksOf(long, 60_000), await checksOf(long, 59_999)]).toEqual([1, 1])
    expect([await checksOf(short, 0), await checksOf(short, 29_999), await checksOf(short, 30_000)]).toEqual([1, 0, 1])
  })
})
