import { eq } from 'drizzle-orm'
import { z } from 'zod'
import type { RouteContext } from '../api/api-route.ts'
import {
  badRequest,
  formReturns,
  noStore,
  type PostBody,
  readPost,
  redirectWithNote,
  typedText,
} from '../api/post-answers.ts'
import { readableLine } from '../api/readable-text.ts'
import { signups } from '../db/schema.ts'
import type { Runtime } from '../lib/runtime.ts'
import { heldQuiz } from './held-quiz.ts'
import { findSignup, sendLink } from './join.ts'
import { email, quizInput } from './join-input.ts'
import { readPerson, unknownPerson } from './person.ts'
import { readPersonStatus } from './ranking.ts'

const linkPlace = { path: '/me', fragment: 'link' } as const
const namePlace = { path: '/me', fragment: 'name' } as const
const quizPlace = { path: '/me', fragment: 'quiz' } as const

/** GET /api/waitlist/status: the standing of the person whose browser it is; 401 for everybody else. */
export async function answerStatus({ request, runtime }: RouteContext): Promise<Response> {
  const id = readPerson(request, runtime, new Date())
  const status = id === undefined ? undefined : await readPersonStatus(runtime.database.db, id)
  return status === undefined
    ? unknownPerson()
    : Response.json(status, { headers: { 'Cache-Control': 'private, no-store' } })
}

const linkSent = 'If this address is on the list, a mail with a link to its place is on the way.'

/**
 * POST /api/waitlist/link: writes to an address that is on the list. The answer is the same for one that is not, and so is what is
 * done before it: one statement, which also notices a database that is away.
 */
export async function answerLink({ request, runtime, later }: RouteContext): Promise<Response> {
  const body = await readPost(request)
  if (body instanceof Response) return body
  const parsed = z.object({ email }).safeParse(body.value)
  if (!parsed.success) {
    const detail = parsed.error.issues[0]?.message ?? 'is missing'
    const note = {
      kind: 'invalid',
      email: typedText(body.value, 'email'),
      detail: `The e-mail address ${detail}.`,
    } as const
    return body.kind === 'form' ? redirectWithNote(runtime, note, linkPlace) : badRequest([{ field: 'email', detail }])
  }
  const { db } = runtime.database
  const id = await findSignup(db, parsed.data.email)
  later(async () => {
    if (id === undefined) return
    await sendLink(db, id, new Date())
    await runtime.nudgeMailer()
  })
  if (body.kind === 'form') return redirectWithNote(runtime, { kind: 'done', detail: linkSent }, linkPlace)
  return Response.json({ message: linkSent }, { status: 202, headers: noStore })
}

export const linkReturns = formReturns(
  () => linkPlace,
  'The list cannot be reached right now. No mail is on the way; please try again in a minute.',
)

/** False for a person who has left. */
async function changeSignup(
  { database }: Runtime,
  id: string,
  change: Partial<typeof signups.$inferInsert>,
): Promise<boolean> {
  const changed = await database.db.update(signups).set(change).where(eq(signups.id, id)).returning({ id: signups.id })
  return changed.length > 0
}

/** 401, or for a form back to the page, where a link can be had. */
export function refuseUnknown({ kind }: PostBody, runtime: Runtime): Response {
  const detail = 'This browser is not known here any more. Have a link sent to your address, and try again.'
  return kind === 'form'
    ? redirectWithNote(runtime, { kind: 'invalid', email: '', detail }, linkPlace)
    : unknownPerson()
}

/** A name for the public leaderboard: at most 40 characters, nothing invisible and no e-mail address. Empty takes it back. */
export const displayName = readableLine
  .normalize('NFC')
  .max(40, 'must be at most 40 characters')
  .regex(/^[\p{L}\p{M}\p{N}\p{Zs}.,'’\-!&()]*$/u, 'may have letters, digits, spaces and simple punctuation')
  // Letters that show nothing, such as U+3164, are letters too.
  .refine((name) => !/\p{Default_Ignorable_Code_Point}/u.test(name), 'must not contain what nobody sees')
  .transform((name) => (name === '' ? null : name))

/** POST /api/waitlist/name: how the person is called in public. */
export async function answerName({ request, runtime }: RouteContext): Promise<Response> {
  const body = await readPost(request)
  if (body instanceof Response) return body
  const id = readPerson(request, runtime, new Date())
  if (id === undefined) return refuseUnknown(body, runtime)
  const parsed = z.object({ displayName }).safeParse(body.value)
  if (!parsed.success) {
    const detail = parsed.error.issues[0]?.message ?? 'is missing'
    const name = typedText(body.value, 'displayName')
    const note = { kind: 'invalid', email: '', name, detail: `The name ${detail}.` } as const
    return body.kind === 'form'
      ? redirectWithNote(runtime, note, namePlace)
      : badRequest([{ field: 'displayName', detail }])
  }
  if (!(await changeSignup(runtime, id, parsed.data))) return refuseUnknown(body, runtime)
  await runtime.waitlistChanged()
  if (body.kind === 'form')
    return redirectWithNote(runtime, { kind: 'done', detail: 'The name is changed.' }, namePlace)
  return Response.json(parsed.data, { headers: noStore })
}

export const nameReturns = formReturns(
  () => namePlace,
  'The list cannot be reached right now. The name was not saved; please try again in a minute.',
)

const quizThanks = 'Thank you. It helps us to decide which springs we tap first.'

/** POST /api/waitlist/quiz: the answers to the short quiz, by the cookie; they take the place of earlier ones. */
export async function answerQuiz({ request, runtime }: RouteContext): Promise<Response> {
  const body = await readPost(request)
  if (body instanceof Response) return body
  const id = readPerson(request, runtime, new Date())
  if (id === undefined) return refuseUnknown(body, runtime)
  const parsed = quizInput.safeParse(body.value)
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => ({
      field: path.join('.') || 'body',
      detail: message,
    }))
    const detail = `An answer ${faults[0]?.detail ?? 'is missing'}.`
    const note = { kind: 'invalid', email: '', detail, quiz: heldQuiz(body.value) } as const
    return body.kind === 'form' ? redirectWithNote(runtime, note, quizPlace) : badRequest(faults)
  }
  if (!(await changeSignup(runtime, id, { quiz: parsed.data }))) return refuseUnknown(body, runtime)
  if (body.kind === 'form') return redirectWithNote(runtime, { kind: 'done', detail: quizThanks }, quizPlace)
  return Response.json({ message: quizThanks }, { headers: noStore })
}

export const quizReturns = formReturns(
  () => quizPlace,
  'The list cannot be reached right now. The answers were not saved; please try again in a minute.',
)
