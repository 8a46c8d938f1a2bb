import { problem } from 'millpond/http'
import { cookieLine } from '../api/post-answers.ts'
import type { Runtime } from '../lib/runtime.ts'
import { personCookie, personCookieMaxAge, readPersonCookie, writePersonToken } from './person-token.ts'

/** The Set-Cookie line by which a browser is known as this person's from now on. */
export function personCookieLine(id: string, runtime: Runtime, now: Date): string {
  const value = writePersonToken(id, { purpose: 'person', secret: runtime.secrets.cookie, issuedAt: now })
  return cookieLine(runtime, { name: personCookie, value, maxAge: personCookieMaxAge })
}

/** The Set-Cookie line after which a browser is nobody's. */
export const forgottenPersonLine = (runtime: Runtime): string =>
  cookieLine(runtime, { name: personCookie, value: '', maxAge: 0 })

/** Whose browser sent the request; undefined for a stranger's. */
export function readPerson(request: Request, runtime: Runtime, now: Date): string | undefined {
  return readPersonCookie(request.headers.get('cookie'), { secret: runtime.secrets.cookie, now })
}

export function unknownPerson(): Response {
  return problem({
    status: 401,
    title: 'Unauthorized',
    detail: 'This browser belongs to nobody on the list; open the link in your mail, or ask for one at /me',
    headers: { 'WWW-Authenticate': 'Cookie realm="waitlist"' },
  })
}
