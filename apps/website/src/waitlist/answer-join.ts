import type { RouteContext } from '../api/api-route.ts'
import { badRequest, noStore, readPost, redirectWithNote, refuseForm, typedText } from '../api/post-answers.ts'
import { joinWaitlist } from './join.ts'
import { fromJoinForm, readJoinInput } from './join-input.ts'
import { heldQuiz } from './quiz-questions.ts'
import type { VisitorNote } from './visitor-note.ts'

const place = { path: '/', fragment: 'join' } as const
const quizPlace = { path: '/', fragment: 'quiz' } as const

/** POST /api/waitlist/join: 201 for JSON, 303 to the page for a form; 400, 413, 415 problem+json. */
export async function answerJoin({ request, runtime }: RouteContext): Promise<Response> {
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
    return redirectWithNote(runtime, note, quiz === undefined ? place : quizPlace)
  }
  const { answer } = await joinWaitlist(runtime.database.db, input.value)
  // After every join, not only a new row's: a miss or a hit of the next reader must not tell which it was.
  await runtime.waitlistChanged()
  runtime.nudgeMailer()
  if (isForm) return redirectWithNote(runtime, { kind: 'joined', ...answer }, place)
  return Response.json(answer, { status: 201, headers: noStore })
}

export const refuseJoin = refuseForm(place, quizPlace)
