import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createVerifier, remoteKeys } from '../src/auth/verifier.ts'
import { systemClock } from '../src/clock.ts'

const ALGORITHMS = ['ES256', 'RS256', 'EdDSA'] as const
const CLAIMS = { issuer: 'https://id.pond.dev', audience: 'phone' }

let server: Server
let url: string
let status = 200
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
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/jwks`
})
afterAll(() => {
  server.close()
})

it.each(ALGORITHMS)(
  'verify() accepts %s from a published key set, and folds the subject to lower case',
  async (alg) => {
    const verify = createVerifier({ keys: remoteKeys(url), ...CLAIMS, clock: systemClock })
    expect(await verify(tokens.get(alg) ?? '')).toEqual({ status: 'verified', userId: subject, email: null })
  },
)

it('verify() says unavailable, not refused, when the key set cannot be had', async () => {
  status = 500
  const failing = createVerifier({ keys: remoteKeys(url), ...CLAIMS, clock: systemClock })
  expect((await failing(tokens.get('ES256') ?? '')).status).toBe('unavailable')
  const absent = createVerifier({ keys: remoteKeys('http://127.0.0.1:9/jwks'), ...CLAIMS, clock: systemClock })
  expect((await absent(tokens.get('ES256') ?? '')).status).toBe('unavailable')
  status = 200
})
