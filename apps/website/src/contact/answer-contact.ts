import type { Decision } from 'millpond'
import { retryAfterSeconds, tooManyRequests } from 'millpond/http'
import type { RouteContext } from '../api/api-route.ts'
import { badRequest, noStore, readPost, redirectWithNote, typedText } from '../api/post-answers.ts'
import { isFormPost } from '../api/read-body.ts'
import type { Runtime } from '../lib/runtime.ts'
import type { VisitorNote } from '../waitlist/visitor-note.ts'
import { contactInput, readContactInput } from './contact-input.ts'
import { storeContact } from './store-contact.ts'

const place = { path: '/contact', fragment: 'write' } as const
const message = 'Thank you. Your message has arrived; a person reads it and answers.'

type Held = Extract<VisitorNote, { kind: 'contact-held' }>

/** Back to the form with what was typed. */
function hold(runtime: Runtime, fields: unknown, why: Held['why']): Response {
  const text = (name: string): string => typedText(fields, name)
  const typed = { name: text('name'), email: text('email'), subject: text('subject'), message: text('message') }
  const wrong = why.kind === 'faults' ? why.faults.find(({ field }) => field in typed)?.field : undefined
  return redirectWithNote(runtime, { kind: 'contact-held', fields: typed, why }, place, wrong)
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
  if (!input.ok)
    return body.kind === 'form'
      ? hold(runtime, body.value, { kind: 'faults', faults: input.faults })
      : badRequest(input.faults)
  const decision = await context.limit('contact')
  if (!decision.allowed) {
    const wait = retryAfterSeconds(decision)
    if (body.kind !== 'form' || wait === undefined) return tooManyRequests(decision)
    return hold(runtime, body.value, { kind: 'wait', untilMs: Date.now() + wait * 1000 })
  }
  // A message is never lost for the sake of its receipt; only the receipt is limited by whom it goes to.
  const receipt = await runtime.limits.contactReceipt.limit(input.value.email)
  const ticket = await storeContact(runtime.database.db, input.value, { sendReceipt: receipt.allowed })
  context.later(runtime.nudgeMailer)
  if (body.kind === 'form') return redirectWithNote(runtime, { kind: 'contact-sent', ticket }, place)
  return Response.json({ message, ticket }, { status: 201, headers: noStore })
}

/** `value` is undefined for what cannot be read; undefined for JSON. */
async function readForm({ request }: RouteContext): Promise<{ value: unknown } | undefined> {
  if (!isFormPost(request.headers)) return undefined
  const body = await readPost(request)
  return { value: body instanceof Response ? undefined : body.value }
}

/** The message stands in its form again. */
export const contactReturns = {
  async refuse(context: RouteContext, decision: Decision): Promise<Response | undefined> {
    const wait = retryAfterSeconds(decision)
    const form = await readForm(context)
    if (form === undefined || wait === undefined) return undefined
    return hold(context.runtime, form.value, { kind: 'wait', untilMs: Date.now() + wait * 1000 })
  },
  async fail(context: RouteContext): Promise<Response | undefined> {
    const form = await readForm(context)
    if (form === undefined) return undefined
    const submission = contactInput.shape.submission.safeParse(typedText(form.value, 'submission')).data
    return hold(context.runtime, form.value, { kind: 'failed', submission })
  },
}
