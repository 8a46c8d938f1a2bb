import type { RouteContext } from '../api/api-route.ts'
import {
  badRequest,
  type FormPlace,
  formReturns,
  noStore,
  readPost,
  redirectWithNote,
  typedText,
} from '../api/post-answers.ts'
import { heldQuiz } from './held-quiz.ts'
import { joinWaitlist } from './join.ts'
import { fromJoinForm, readJoinInput } from './join-input.ts'
import { referralCodePattern } from './referral-code.ts'
import type { VisitorNote } from './visitor-note.ts'

/** Beside the quiz when it was answered, and with the friend's code. */
function toPlace(fields: unknown): FormPlace {
  const code = typedText(fields, 'referralCode')
  return {
    path: '/',
    fragment: heldQuiz(fields) === undefined ? 'join' : 'quiz',
    ...(referralCodePattern.test(code) && { query: { ref: code } }),
  }
}

/** POST /api/waitlist/join: 201 for JSON, 303 to the page for a form; 400, 413, 415 problem+json. */
export async function answerJoin({ request, runtime, later }: RouteContext): Promise<Response> {
  const body = await readPost(request)
  if (body instanceof Response) return body
  const isForm = body.kind === 'form'
  const input = readJoinInput(isForm ? fromJoinForm(body.value) : body.value)
  if (!input.ok) {
    const detail = input.faults
      .map((fault) => `The ${fault.field === 'email' ? 'e-mail address' : fault.field} ${fault.detail}.`)
      .join(' ')
    if (!isForm) return badRequest(input.faults)
    const quiz = heldQuiz(body.value)
    const note: VisitorNote = { kind: 'invalid', email: typedText(body.value, 'email'), detail, quiz }
    return redirectWithNote(runtime, note, toPlace(body.value))
  }
  const { answer } = await joinWaitlist(runtime.database.db, input.value)
  // After every join, not only a new row's: a miss or a hit of the next reader must not tell which it was.
  await runtime.waitlistChanged()
  later(runtime.nudgeMailer)
  if (isForm) return redirectWithNote(runtime, { kind: 'joined', ...answer }, { path: '/', fragment: 'join' })
  return Response.json(answer, { status: 201, headers: noStore })
}

export const joinReturns = formReturns(
  toPlace,
  'The list cannot be reached right now. Your address was not saved; please try again in a minute.',
)
