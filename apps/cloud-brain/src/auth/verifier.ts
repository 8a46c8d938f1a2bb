import { hash } from 'node:crypto'
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { UserId } from './user-id.ts'

/** What a token proved. `unavailable`: the keys could not be fetched, so nothing was proved either way. */
export type Verdict =
  | { status: 'verified'; userId: UserId; email: string | null }
  | { status: 'refused'; reason: string }
  | { status: 'unavailable'; cause: unknown }

/** Checks a bearer token; never throws. */
export type Verify = (token: string) => Promise<Verdict>

const Email = z.email().max(254)

const ALGORITHMS = ['ES256', 'RS256', 'EdDSA']
const CLOCK_TOLERANCE_SECONDS = 5
const REMEMBERED_MS = 60_000
const REMEMBERED_TOKENS = 10_000
/** With the minute for which a verified token is remembered, a key that was taken back counts for 10 minutes at most. */
const KEY_CACHE_MS = 540_000
/** Tokens with made-up key ids cannot make this process ask the issuer more often; a key that is new is known this soon. */
const REFETCH_COOLDOWN_MS = 5000
/** Nor while it fails: jose cools down after a success only. */
const RETRY_MS = 1000

/**
 * A verifier for the tokens of one issuer. Signatures are checked in this process; algorithms outside ES256, RS256 and
 * EdDSA are refused whatever the key set holds, so `none` and a public key used as an HMAC secret never pass. A token that was
 * verified is not verified again for a minute, nor after it has expired; of it only a digest is kept.
 */
export function createVerifier(options: {
  keys: JWTVerifyGetKey
  issuer: string
  audience: string
  clock: Clock
}): Verify {
  const { keys, issuer, audience, clock } = options
  const remembered = new Map<string, { verdict: Verdict; fromMs: number; untilMs: number }>()

  async function check(token: string, nowMs: number): Promise<{ verdict: Verdict; untilMs: number }> {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ALGORITHMS,
      issuer,
      audience,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(nowMs),
    })
    const subject = UserId.safeParse(payload.sub)
    if (!subject.success) {
      return { verdict: { status: 'refused', reason: 'the subject is not a UUID' }, untilMs: 0 }
    }
    const email = Email.safeParse(payload.email).data ?? null
    const untilMs = Math.min(nowMs + REMEMBERED_MS, (payload.exp ?? 0) * 1000)
    return { verdict: { status: 'verified', userId: subject.data, email }, untilMs }
  }

  return async (token) => {
    const nowMs = clock.now()
    const digest = hash('sha256', token, 'base64')
    const known = remembered.get(digest)
    if (known && nowMs >= known.fromMs && nowMs < known.untilMs) return known.verdict
    try {
      const { verdict, untilMs } = await check(token, nowMs)
      if (remembered.size >= REMEMBERED_TOKENS) remembered.clear()
      if (untilMs > nowMs) remembered.set(digest, { verdict, fromMs: nowMs, untilMs })
      return verdict
    } catch (error) {
      return toVerdict(error)
    }
  }
}

/**
 * The issuer's published keys: kept at most 9 minutes, fetched again once when a token names a key that is not among them,
 * and at most every 5 seconds whatever tokens name; every second while the issuer fails. A clock that was set back to before
 * they were fetched makes them not count.
 */
export function remoteKeys(url: string, clock: Clock): JWTVerifyGetKey {
  let askedMs = Number.NEGATIVE_INFINITY
  const createSet = () =>
    createRemoteJWKSet(new URL(url), {
      cacheMaxAge: KEY_CACHE_MS,
      cooldownDuration: REFETCH_COOLDOWN_MS,
      [customFetch]: async (address, init) => {
        if (clock.now() - askedMs < RETRY_MS) throw new KeysUnavailableError()
        askedMs = clock.now()
        return fetch(address, init)
      },
    })
  let set = createSet()
  return async (header, token) => {
    if (clock.now() < askedMs) {
      // jose would take its keys for fresh, and ask for no others, until the clock has come to where it was.
      askedMs = Number.NEGATIVE_INFINITY
      set = createSet()
    }
    return set(header, token)
  }
}

/** The issuer was asked a moment ago and gave no keys. */
class KeysUnavailableError extends Error {
  readonly code = 'KEYS_UNAVAILABLE'
  override readonly name = 'KeysUnavailableError'
  constructor() {
    super('Cannot fetch the keys: the issuer failed within the last second')
  }
}

/** What jose says of a key set that is none: of an answer other than 200 its base class, without a subclass of its own. */
const ABOUT_THE_KEY_SET: readonly string[] = [errors.JOSEError.code, errors.JWKSInvalid.code, errors.JWKSTimeout.code]

function toVerdict(error: unknown): Verdict {
  if (error instanceof errors.JWTExpired) return { status: 'refused', reason: 'the token has expired' }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return { status: 'refused', reason: `the claim "${error.claim}" is missing or wrong` }
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return { status: 'refused', reason: 'the algorithm is not allowed' }
  if (!(error instanceof errors.JOSEError) || ABOUT_THE_KEY_SET.includes(error.code)) {
    return { status: 'unavailable', cause: error }
  }
  return { status: 'refused', reason: 'the token is malformed or its signature does not match' }
}
