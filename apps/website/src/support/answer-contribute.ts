import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { refuseStranger } from '../api/admin-token.ts'
import type { RouteContext } from '../api/api-route.ts'
import { badRequest, noStore, readPost } from '../api/post-answers.ts'
import { readableLine } from '../api/readable-text.ts'
import { supportTag } from '../lib/cache.ts'
import { displayName } from '../waitlist/answer-person.ts'
import { storeContributions } from './contribution.ts'

const amount = 'must be a whole number from 0 to 1000000000, in the smallest unit of the currency'
const currency = 'must be three capital letters, such as EUR'

const input = z.object(
  {
    /** Names the contribution: sent again with the same, it changes the one that is there. */
    sourceId: readableLine.min(1, 'is missing').max(100, 'must be at most 100 characters'),
    amountMinor: z.int({ error: amount, abort: true }).min(0, amount).max(1_000_000_000, amount),
    currency: z.string(currency).regex(/^[A-Z]{3}$/, currency),
    status: z.enum(['paid', 'refunded'], 'must be paid or refunded').default('paid'),
    name: displayName.optional(),
  },
  'must be an object with the fields "sourceId", "amountMinor" and "currency"',
)

/** POST /api/support/admin/contribute: stores or changes one contribution by hand. 404 where no secret is configured. */
export async function answerContribute(context: RouteContext): Promise<Response> {
  const refusal = refuseStranger(context)
  if (refusal !== undefined) return refusal
  const { request, runtime } = context
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
