import { z } from 'zod'
import { refuseStranger } from '../api/admin-token.ts'
import type { RouteContext } from '../api/api-route.ts'
import { badRequest, formReturns, noStore, readPost, redirectWithNote } from '../api/post-answers.ts'
import type { Runtime } from '../lib/runtime.ts'
import { refuseUnknown } from './answer-person.ts'
import { findSignup } from './join.ts'
import { email } from './join-input.ts'
import { forgottenPersonLine, readPerson } from './person.ts'
import { removeSignup, reverseReferral } from './remove.ts'

const mePlace = { path: '/me', fragment: 'link' } as const
const left = 'You are off the list, and everything it knew about you is deleted.'

/**
 * POST /api/waitlist/leave: deletes the person whose browser it is; leaving twice is leaving. A stranger's browser gets 401, a form its page with
 * the reason: who is told that they were deleted must have been.
 */
export async function answerLeave({ request, runtime }: RouteContext): Promise<Response> {
  const body = await readPost(request)
  if (body instanceof Response) return body
  const id = readPerson(request, runtime, new Date())
  if (id === undefined) return refuseUnknown(body, runtime)
  await removeSignup(runtime.database.db, id)
  // Also when nobody was there any more: the answer of the database may have been lost before, and nobody told the cache.
  await runtime.waitlistChanged()
  const cookie = forgottenPersonLine(runtime)
  if (body.kind === 'json') return Response.json({ message: left }, { headers: { ...noStore, 'Set-Cookie': cookie } })
  const response = redirectWithNote(runtime, { kind: 'done', detail: left }, mePlace)
  response.headers.append('Set-Cookie', cookie)
  return response
}

export const leaveReturns = formReturns(
  () => mePlace,
  'The list cannot be reached right now. You are still on it; please try again in a minute.',
)

async function answerAdmin(
  context: RouteContext,
  change: (id: string, runtime: Runtime) => Promise<boolean>,
): Promise<Response> {
  const refusal = refuseStranger(context)
  if (refusal !== undefined) return refusal
  const { request, runtime } = context
  const body = await readPost(request)
  if (body instanceof Response) return body
  const parsed = z.object({ email }).safeParse(body.value)
  if (!parsed.success) return badRequest([{ field: 'email', detail: parsed.error.issues[0]?.message ?? 'is missing' }])
  const id = await findSignup(runtime.database.db, parsed.data.email)
  const isChanged = id !== undefined && (await change(id, runtime))
  await runtime.waitlistChanged()
  return Response.json({ changed: isChanged }, { headers: noStore })
}

/** POST /api/waitlist/admin/remove `{ email }`: as if the person had left. `changed` is false when nobody has this address. */
export const answerRemove = (context: RouteContext): Promise<Response> =>
  answerAdmin(context, (id, { database }) => removeSignup(database.db, id))

/** POST /api/waitlist/admin/reverse `{ email }`: the friend who was brought stays, and no longer counts for whoever brought them. */
export const answerReverse = (context: RouteContext): Promise<Response> =>
  answerAdmin(context, (id, { database }) => reverseReferral(database.db, id, new Date()))
