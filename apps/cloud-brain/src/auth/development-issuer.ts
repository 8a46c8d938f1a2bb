import { join } from 'node:path'
import { createLocalJWKSet, exportJWK, generateKeyPair, importJWK, type JWTVerifyGetKey, SignJWT } from 'jose'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { keepOnce } from '../keep-once.ts'
import { StartupError } from '../startup-error.ts'
import { UserId } from './user-id.ts'

/** Stands in for an identity provider on a developer's machine: it signs a token for anyone who asks. Never in production. */
export type DevelopmentIssuer = {
  issuer: string
  audience: string
  keys: JWTVerifyGetKey
  /** A token for this user, valid for 30 days. */
  mint(userId: UserId, claims?: { email?: string }): Promise<string>
}

export const DEVELOPMENT_ISSUER = 'urn:cloud-brain:development'
export const DEVELOPMENT_AUDIENCE = 'cloud-brain'
/** Whom the demo data belongs to. */
export const DEMO_USER = UserId.parse('5eed0000-0000-4000-8000-000000000001')

export const DEMO_EMAIL = 'demo@cloud-brain.invalid'

const TOKEN_LIFETIME_SECONDS = 30 * 86_400

const PrivateKey = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  d: z.string(),
  kid: z.string(),
})

/**
 * Opens the issuer whose ES256 key pair lives in `dataDir`; makes the pair on first use, so tokens survive a restart.
 *
 * @throws StartupError when the pair is damaged
 */
export async function openDevelopmentIssuer(dataDir: string, clock: Clock): Promise<DevelopmentIssuer> {
  const path = join(dataDir, 'development-issuer.json')
  const { d, ...publicKey } = readKey(await keepOnce(path, makeKey), path)
  const signingKey = await importJWK({ ...publicKey, d }, 'ES256')
  return {
    issuer: DEVELOPMENT_ISSUER,
    audience: DEVELOPMENT_AUDIENCE,
    keys: createLocalJWKSet({ keys: [{ ...publicKey, alg: 'ES256', use: 'sig' }] }),
    mint: (userId, claims = {}) => {
      const nowSeconds = Math.floor(clock.now() / 1000)
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', kid: publicKey.kid, typ: 'JWT' })
        .setIssuer(DEVELOPMENT_ISSUER)
        .setAudience(DEVELOPMENT_AUDIENCE)
        .setSubject(userId)
        .setIssuedAt(nowSeconds)
        .setExpirationTime(nowSeconds + TOKEN_LIFETIME_SECONDS)
        .sign(signingKey)
    },
  }
}

function readKey(text: string, path: string): z.infer<typeof PrivateKey> {
  try {
    return PrivateKey.parse(JSON.parse(text))
  } catch (cause) {
    throw new StartupError(
      `Cannot use the key in ${path}: it is damaged; delete the file, and the next start makes a new one`,
      { cause },
    )
  }
}

async function makeKey(): Promise<string> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return JSON.stringify({ ...(await exportJWK(privateKey)), kid: 'development' })
}
