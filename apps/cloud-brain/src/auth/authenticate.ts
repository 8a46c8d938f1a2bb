import type { MiddlewareHandler } from 'hono'
import type { ApiEnv, Identity } from '../api-env.ts'
import { RequestFault } from '../request-fault.ts'
import type { Verify } from './verifier.ts'

const MAX_TOKEN_LENGTH = 8192
const BEARER = /^Bearer +([\w.~+/=-]+) *$/i

/** Finds out who is asking and refuses nobody, so that the request limits can count everybody. */
export function identify(verify: Verify): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    c.set('identity', await toIdentity(c.req.header('authorization'), verify))
    await next()
  }
}

/** Lets only requests with a verified token through; `userId` is theirs from here on. */
export const requireUser: MiddlewareHandler<ApiEnv> = async (c, next) => {
  const identity = c.get('identity')
  switch (identity.status) {
    case 'verified':
      c.set('userId', identity.userId)
      c.set('email', identity.email)
      return next()
    case 'absent':
      throw unauthenticated('Send a bearer token in the Authorization header', 'Bearer realm="cloud-brain"')
    case 'refused':
      throw unauthenticated(
        `The bearer token is not accepted: ${identity.reason}`,
        'Bearer realm="cloud-brain", error="invalid_token"',
      )
    case 'unavailable':
      throw new RequestFault('unavailable', 'Tokens cannot be checked at the moment', {
        headers: { 'Retry-After': '5' },
        cause: identity.cause,
      })
    default:
      identity satisfies never
  }
}

async function toIdentity(header: string | undefined, verify: Verify): Promise<Identity> {
  if (header === undefined) return { status: 'absent' }
  const token = BEARER.exec(header)?.[1]
  if (token === undefined || token.length > MAX_TOKEN_LENGTH) {
    return { status: 'refused', reason: 'it is not a bearer token' }
  }
  return verify(token)
}

function unauthenticated(detail: string, challenge: string): RequestFault {
  return new RequestFault('unauthenticated', detail, { headers: { 'WWW-Authenticate': challenge } })
}
