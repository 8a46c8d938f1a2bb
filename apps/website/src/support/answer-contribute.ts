import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { problem } from 'millpond/http'
import { z } from 'zod'
import type { RouteContext } from '../api/api-route.ts'
import { badRequest, noStore, readPost } from '../api/post-answers.ts'
import { supportTag } from '../lib/cache.ts'
import { displayName } from '../waitlist/answer-person.ts'
import { storeContributions } from './contribution.ts'

const input = z.object({
  /** Names the contribution: sent again with the same, it changes the one that is there. */
  sourceId: z.string().trim().min(1).max(100),
  amountMinor: z.int().min(0).max(1_000_000_000),
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be three capital letters, such as EUR'),
  status: z.enum(['paid', 'refunded']).default('paid'),
  name: displayName.optional(),
})

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Compares digests, so that neither the length nor a common beginning shows in the time it takes. */
function isAdmin(request: Request, token: string): boolean {
  const [, given = ''] = /^Bearer (.+)$/i.exec(request.headers.get('authorization') ?? '') ?? []
  return timingSafeEqual(digest(given), digest(token))
}

/** POST /api/support/admin/contribute: stores or changes one contribution by hand. 404 where no secret is configured. */
export async function answerContribute({ request, runtime }: RouteContext): Promise<Response> {
  const { adminToken } = runtime.config
  if (adminToken === undefined)
    return problem({ status: 404, title: 'Not found', detail: 'There is nothing under this address' })
  if (!isAdmin(request, adminToken)) {
    return problem({
      status: 401,
      title: 'Unauthorized',
      detail: 'Send the secret as "Authorization: Bearer …"',
      headers: { 'WWW-Authenticate': 'Bearer' },
    })
  }
  const body = await readPost(request)
  if (body instanceof Response) return body
  const parsed = input.safeParse(body.value)
  if (!parsed.success) {
    return badRequest(
      parsed.error.issues.map((issue) => ({ field: issue.path.join('.') || 'body', detail: issue.message })),
    )
  }
  const { name = null, ...contribution } = parsed.data
  const supporterKey = createHmac('sha256', runtime.secrets.cacheKey)
    .update(`manual.${contribution.sourceId}`)
    .digest('base64url')
  await storeContributions(runtime.database.db, [
    { ...contribution, source: 'manual', name, supporterKey: supporterKey.slice(0, 22), supportedAt: new Date() },
  ])
  await runtime.siteCache.cache.invalidate([supportTag])
  return Response.json({ ...contribution, name }, { headers: noStore })
}
