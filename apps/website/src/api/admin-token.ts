import { createHash, timingSafeEqual } from 'node:crypto'
import { problem } from 'millpond/http'
import type { RouteContext } from './api-route.ts'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** The answer to whoever does not send the admin's secret; undefined for the admin. 404 where no secret is configured. */
export function refuseStranger({ request, runtime }: RouteContext): Response | undefined {
  const { adminToken } = runtime.config
  if (adminToken === undefined)
    return problem({ status: 404, title: 'Not found', detail: 'There is nothing under this address' })
  const [, given = ''] = /^Bearer (.+)$/i.exec(request.headers.get('authorization') ?? '') ?? []
  // Digests are compared, so that neither the length nor a common beginning shows in the time it takes.
  if (timingSafeEqual(digest(given), digest(adminToken))) return undefined
  return problem({
    status: 401,
    title: 'Unauthorized',
    detail: 'Send the secret as "Authorization: Bearer …"',
    headers: { 'WWW-Authenticate': 'Bearer' },
  })
}
