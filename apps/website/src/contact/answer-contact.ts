import { retryAfterSeconds, tooManyRequests } from 'millpond/http'
import type { RouteContext } from '../api/api-route.ts'
import {
  badRequest,
  type FieldFault,
  noStore,
  type PostBody,
  readPost,
  redirectWithNote,
  refuseForm,
  typedText,
} from '../api/post-answers.ts'
import { readContactInput } from './contact-input.ts'
import { storeContact } from './store-contact.ts'

const place = { path: '/contact', fragment: 'write' } as const
const message = 'Thank you. Your message has arrived; a person reads it and answers.'

/** Back to the form with what was typed. */
function hold(
  { runtime }: RouteContext,
  body: PostBody,
  { faults = [], untilMs }: { faults?: FieldFault[]; untilMs?: number },
): Response {
  const text = (name: string): string => typedText(body.value, name)
  const fields = { name: text('name'), email: text('email'), subject: text('subject'), message: text('message') }
  const wrong = faults.find(({ field }) => field in fields)?.field
  return redirectWithNote(runtime, { kind: 'contact-held', fields, faults, untilMs }, place, wrong)
}

/**
 * POST /api/contact: 201 `{ message, ticket }` for JSON, 303 to the page for a form. The limit is taken after validation,
 * so a mistake costs nothing, and before anything is stored.
 */
export async function answerContact(context: RouteContext): Promise<Response> {
  const { request, runtime } = context
  const body = await readPost(request)
  if (body instanceof Response) return body
  const input = readContactInput(body.value)
  if (!input.ok) return body.kind === 'form' ? hold(context, body, { faults: input.faults }) : badRequest(input.faults)
  const decision = await context.limit('contact')
  if (!decision.allowed) {
    const wait = retryAfterSeconds(decision)
    if (body.kind !== 'form' || wait === undefined) return tooManyRequests(decision)
    return hold(context, body, { untilMs: Date.now() + wait * 1000 })
  }
  // A message is never lost for the sake of its receipt; only the receipt is limited by whom it goes to.
  const receipt = await runtime.limits.contactReceipt.limit(input.value.email)
  const ticket = await storeContact(runtime.database.db, input.value, { sendReceipt: receipt.allowed })
  runtime.nudgeMailer()
  if (body.kind === 'form') return redirectWithNote(runtime, { kind: 'contact-sent', ticket }, place)
  return Response.json({ message, ticket }, { status: 201, headers: noStore })
}

export const refuseContact = refuseForm(place)
