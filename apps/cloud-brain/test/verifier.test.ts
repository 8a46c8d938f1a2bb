import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createVerifier, remoteKeys } from '../src/auth/verifier.ts'
import { systemClock } from '../src/clock.ts'

const ALGORITHMS = ['ES256', 'RS256', 'EdDSA'] as const
const CLAIMS = { issuer: 'https://id.pond.example', audience: 'phone' }

let server: Server
let url: string
let status = 200
let body: string | undefined
let asked = 0
const keys: JWK[] = []
const tokens = new Map<string, string>()
const subject = randomUUID()

beforeAll(async () => {
  for (const alg of ALGORITHMS) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
    keys.push({ ...(await exportJWK(publicKey)), kid: alg, alg })
    const token = new SignJWT()
      .setProtectedHeader({ alg, kid: alg })
      .setIssuer(CLAIMS.issuer)
      .setAudience(CLAIMS.audience)
      .setSubject(subject.toUpperCase())
      .setExpirationTime('1 minute')
    tokens.set(alg, await token.sign(privateKey))
  }
  server = createServer((_, response) => {
    asked += 1
    response.writeHead(status, { 'content-type': 'application/json' }).end(body ?? JSON.stringify({ keys }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/jwks`
})
afterAll(() => {
  server.close()
})
afterEach(() => {
  status = 200
  body = undefined
})

it.each(ALGORITHMS)(
  'verify() accepts %s from a published key set, and folds the subject to lower case',
  async (alg) => {
    const verify = createVerifier({ keys: remoteKeys(url, systemClock), ...CLAIMS, clock: systemClock })
    expect(await verify(tokens.get(alg) ?? '')).toEqual({ status: 'verified', userId: subject, email: null })
  },
)

it('verify() refuses an algorithm that is not among the three, also when the issuer publishes a key of it', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES384', { extractable: true })
  body = JSON.stringify({ keys: [...keys, { ...(await exportJWK(publicKey)), kid: 'ES384', alg: 'ES384' }] })
  const verify = createVerifier({ keys: remoteKeys(url, systemClock), ...CLAIMS, clock: systemClock })
  const token = new SignJWT({ iss: CLAIMS.issuer, aud: CLAIMS.audience, sub: subject })
    .setProtectedHeader({ alg: 'ES384', kid: 'ES384' })
    .setExpirationTime('1 minute')
  expect(await verify(await token.sign(privateKey))).toEqual({
    status: 'refused',
    reason: 'the algorithm is not allowed',
  })
})

it('verify() says unavailable, not refused, when the key set cannot be had', async () => {
  status = 500
  const failing = createVerifier({ keys: remoteKeys(url, systemClock), ...CLAIMS, clock: systemClock })
  expect((await failing(tokens.get('ES256') ?? '')).status).toBe('unavailable')
  const absent = createVerifier({
    keys: remoteKeys('http://127.0.0.1:9/jwks', systemClock),
    ...CLAIMS,
    clock: systemClock,
  })
  expect((await absent(tokens.get('ES256') ?? '')).status).toBe('unavailable')
  status = 200
})

it.each(['<html>', '{}', '{"keys":"none"}', '{"keys":[1]}'])(
  'verify() says unavailable, not refused, when the issuer gives %s for keys',
  async (given) => {
    body = given
    const verify = createVerifier({ keys: remoteKeys(url, systemClock), ...CLAIMS, clock: systemClock })
    expect((await verify(tokens.get('ES256') ?? '')).status).toBe('unavailable')
  },
)

describe('rotation of keys', () => {
  const open = () => createVerifier({ keys: remoteKeys(url, systemClock), ...CLAIMS, clock: systemClock })
  const makeKey = async (kid: string) => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const sign = () =>
      new SignJWT()
        .setProtectedHeader({ alg: 'ES256', kid })
        .setIssuer(CLAIMS.issuer)
        .setAudience(CLAIMS.audience)
        .setSubject(subject)
        .setExpirationTime('1 hour')
        .sign(privateKey)
    return { jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' }, sign }
  }
  const published: JWK[] = []

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    published.splice(0, published.length, ...keys)
    asked = 0
  })
  afterEach(() => {
    keys.splice(0, keys.length, ...published)
    vi.useRealTimers()
  })

  it('verify() asks for the keys once for 9 minutes, however many tokens come at a time', async () => {
    const verify = open()
    const burst = () =>
      Promise.all(Array.from({ length: 50 }, async () => (await verify(tokens.get('ES256') ?? '')).status))
    expect(new Set([...(await burst()), ...(await burst())])).toEqual(new Set(['verified']))
    expect(asked).toBe(1)
  })

  it('verify() accepts the first token of a new key after one refetch, and the tokens of the old one while it is published', async () => {
    const [verify, next] = [open(), await makeKey('next')]
    const old = tokens.get('ES256') ?? ''
    await verify(old)
    keys.push(next.jwk)
    vi.setSystemTime(Date.now() + 6000)
    const token = await next.sign()
    const verdicts = await Promise.all([...Array.from({ length: 20 }, () => verify(token)), verify(old)])
    expect([new Set(verdicts.map((verdict) => verdict.status)), asked]).toEqual([new Set(['verified']), 2])
  })

  it('verify() asks at most every 5 s, whatever key ids tokens make up', async () => {
    const [verify, unknown] = [open(), await makeKey('made-up')]
    const token = await unknown.sign()
    for (let second = 0; second < 60; second += 1) {
      expect((await verify(token)).status).toBe('refused')
      vi.setSystemTime(Date.now() + 1000)
    }
    expect(asked).toBe(12)
  })

  it.each([500, 302])('verify() asks an issuer that answers %s at most every second', async (failing) => {
    const [verify, unknown] = [open(), await makeKey('made-up')]
    const known = tokens.get('ES256') ?? ''
    expect((await verify(known)).status).toBe('verified')
    vi.setSystemTime(Date.now() + 6000)
    status = failing
    asked = 0
    for (let tenth = 0; tenth < 100; tenth += 1) {
      expect((await verify(await unknown.sign())).status).toBe('unavailable')
      vi.setSystemTime(Date.now() + 100)
    }
    status = 200
    expect([asked, (await verify(known)).status]).toEqual([10, 'verified'])
  })

  it('verify() refuses a key that was taken back after 10 minutes at the latest, and at once after a new one was seen', async () => {
    const [slow, quick, next] = [open(), open(), await makeKey('next')]
    const old = tokens.get('RS256') ?? ''
    const stillThere = await makeKey('kept')
    keys.push(stillThere.jwk)
    for (const verify of [slow, quick]) expect((await verify(await stillThere.sign())).status).toBe('verified')
    keys.splice(0, keys.length, next.jwk)
    vi.setSystemTime(Date.now() + 6000)
    const token = await stillThere.sign()
    expect((await slow(token)).status).toBe('verified')
    expect((await quick(await next.sign())).status).toBe('verified')
    expect((await quick(token)).status).toBe('refused')
    vi.setSystemTime(Date.now() + 600_000)
    expect((await slow(await stillThere.sign())).status).toBe('refused')
    expect((await slow(old)).status).toBe('refused')
  })

  it('verify() remembers a verified token for a minute, so that one of a key that was taken back passes for 10 minutes at most', async () => {
    const verify = open()
    const gone = await makeKey('gone')
    keys.push(gone.jwk)
    const token = await gone.sign()
    expect((await verify(token)).status).toBe('verified')
    keys.splice(0, keys.length, ...published)
    vi.setSystemTime(Date.now() + 539_000)
    expect((await verify(token)).status).toBe('verified')
    expect(asked).toBe(1)
    vi.setSystemTime(Date.now() + 59_000)
    expect((await verify(token)).status).toBe('verified')
    expect(asked).toBe(1)
    vi.setSystemTime(Date.now() + 2000)
    expect([(await verify(token)).status, asked]).toEqual(['refused', 2])
  })

  it('verify() remembers no token beyond its expiry, and none that was changed', async () => {
    const verify = open()
    const [header, payload, signature] = (
      await new SignJWT()
        .setProtectedHeader({ alg: 'ES256', kid: 'soon' })
        .setIssuer(CLAIMS.issuer)
        .setAudience(CLAIMS.audience)
        .setSubject(subject)
        .setExpirationTime(Math.floor(Date.now() / 1000) + 20)
        .sign(await signingKey())
    ).split('.')
    expect((await verify(`${header}.${payload}.${signature}`)).status).toBe('verified')
    expect(
      (await verify(`${header}.${payload}.${signature?.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`)).status,
    ).toBe('refused')
    vi.setSystemTime(Date.now() + 26_000)
    expect(await verify(`${header}.${payload}.${signature}`)).toEqual({
      status: 'refused',
      reason: 'the token has expired',
    })

    async function signingKey() {
      const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
      keys.push({ ...(await exportJWK(publicKey)), kid: 'soon', alg: 'ES256' })
      return privateKey
    }
  })

  it('verify() goes on with the keys it has while the issuer is away, for 9 minutes, and recovers by itself', async () => {
    const verify = open()
    const kept = await makeKey('kept')
    keys.push(kept.jwk)
    expect((await verify(await kept.sign())).status).toBe('verified')
    status = 500
    vi.setSystemTime(Date.now() + 539_000)
    expect((await verify(await kept.sign())).status).toBe('verified')
    vi.setSystemTime(Date.now() + 2000)
    expect((await verify(await kept.sign())).status).toBe('unavailable')
    status = 200
    vi.setSystemTime(Date.now() + 1000)
    expect((await verify(await kept.sign())).status).toBe('verified')
  })

  it('verify() asks for the keys anew when the clock was set back, whatever it had got or not got before', async () => {
    const [verify, next] = [open(), await makeKey('next')]
    const startMs = Date.now()
    vi.setSystemTime(startMs + 31_536_000_000)
    expect([(await verify(tokens.get('ES256') ?? '')).status, asked]).toEqual(['refused', 1])
    keys.splice(0, keys.length, next.jwk)
    status = 500
    vi.setSystemTime(startMs)
    expect([(await verify(await next.sign())).status, asked]).toEqual(['unavailable', 2])
    status = 200
    vi.setSystemTime(startMs - 3_600_000)
    expect([(await verify(await next.sign())).status, asked]).toEqual(['verified', 3])
    expect([(await verify(tokens.get('ES256') ?? '')).status, asked]).toEqual(['refused', 3])
  })
})
