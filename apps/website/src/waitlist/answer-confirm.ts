import { problem } from 'millpond/http'
import { z } from 'zod'
import type { RouteContext } from '../api/api-route.ts'
import {
  badRequest,
  formReturns,
  noStore,
  readPost,
  redirect,
  redirectWithNote,
  typedText,
} from '../api/post-answers.ts'
import { confirmSignup } from './confirm.ts'
import { personCookieLine } from './person.ts'
import { readPersonToken } from './person-token.ts'
import { readPersonStatus } from './ranking.ts'

const longestToken = 1_000
const input = z.object({ token: z.string().max(longestToken) })
const place = { path: '/me', fragment: 'link' } as const
const expired = 'This link does not work: it has expired, or was only partly copied. Ask for a new one.'

/**
 * POST /api/waitlist/confirm with the token of a mail: confirms once, however often it is sent, and makes this browser the
 * person's. 200 with the person's standing for JSON, 303 to /me for a form.
 */
export async function answerConfirm({ request, runtime }: RouteContext): Promise<Response> {
  const body = await readPost(request)
  if (body instanceof Response) return body
  const parsed = input.safeParse(body.value)
  if (!parsed.success) return badRequest([{ field: 'token', detail: 'is missing or too long' }])
  const now = new Date()
  const id = readPersonToken(parsed.data.token, { purpose: 'mail-link', secret: runtime.secrets.cookie, now })
  const { db } = runtime.database
  const outcome = id === undefined ? undefined : await confirmSignup(db, id, now)
  if (id === undefined || outcome?.status !== 'confirmed') {
    if (body.kind === 'form') return redirectWithNote(runtime, { kind: 'invalid', email: '', detail: expired }, place)
    return problem({ status: 410, title: 'Gone', detail: expired })
  }
  // Also when it was confirmed before: the answer of the database may have been lost then, and nobody told the cache.
  await runtime.waitlistChanged()
  const cookie = personCookieLine(id, runtime, now)
  if (body.kind === 'form') return redirect('/me', [cookie])
  const status = await readPersonStatus(db, id)
  return Response.json(status, { headers: { ...noStore, 'Set-Cookie': cookie } })
}

/** Back to the page of the link, whose button works again later. */
export const confirmReturns = formReturns(
  (fields) => ({
    path: '/confirm',
    query: { token: typedText(fields, 'token').slice(0, longestToken) },
    fragment: 'confirm',
  }),
  'The list cannot be reached right now. Your link stays good; please press the button again in a minute.',
)
