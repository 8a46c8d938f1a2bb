import type { Decision } from 'millpond'
import { problem, retryAfterSeconds } from 'millpond/http'
import type { RouteContext } from '../api/api-route.ts'
import { isFormPost, type ReadBody, readBody } from '../api/read-body.ts'
import { waitlistTag } from '../lib/cache.ts'
import type { Runtime } from '../lib/runtime.ts'
import { joinWaitlist } from './join.ts'
import { type FieldFault, readJoinInput } from './join-input.ts'
import { noteCookie, noteMaxAge, type VisitorNote, writeVisitorNote } from './visitor-note.ts'

const maxBytes = 64 * 1024
const noStore = { 'Cache-Control': 'no-store' }

/** Back to the page, which renders the note: how a form that is posted without JavaScript is answered. */
function redirectWith(note: VisitorNote, { config, secrets }: Runtime): Response {
  const { id, cookie } = writeVisitorNote(note, secrets.cookie)
  const secure = config.appEnv === 'production' ? '; Secure' : ''
  const attributes = `Path=/; Max-Age=${noteMaxAge}; HttpOnly; SameSite=Lax${secure}`
  return new Response(null, {
    status: 303,
    headers: { ...noStore, Location: `/?note=${id}#join`, 'Set-Cookie': `${noteCookie}=${cookie}; ${attributes}` },
  })
}

/** What stood in the field, to be shown again; an empty text when the body had none. */
function typedEmail(body: unknown): string {
  const email: unknown = typeof body === 'object' && body !== null && 'email' in body ? body.email : undefined
  return typeof email === 'string' ? email : ''
}

function badRequest(faults: readonly FieldFault[]): Response {
  const detail = faults.map((fault) => `${fault.field} ${fault.detail}`).join('; ')
  return problem({ status: 400, title: 'Bad request', detail, extensions: { errors: faults } })
}

function unreadable(kind: 'unsupported-type' | 'too-large' | 'malformed'): Response {
  switch (kind) {
    case 'unsupported-type':
      return problem({
        status: 415,
        title: 'Unsupported media type',
        detail: 'Send application/json or application/x-www-form-urlencoded',
        headers: { Accept: 'application/json, application/x-www-form-urlencoded' },
      })
    case 'too-large':
      return problem({ status: 413, title: 'Content too large', detail: `The body may have at most ${maxBytes} bytes` })
    case 'malformed':
      return badRequest([{ field: 'body', detail: 'is not valid JSON in UTF-8' }])
    default:
      return kind satisfies never
  }
}

async function join(runtime: Runtime, body: Extract<ReadBody, { value: unknown }>): Promise<Response> {
  const input = readJoinInput(body.value)
  if (!input.ok) {
    const detail = input.faults
      .map((fault) => `The ${fault.field === 'email' ? 'e-mail address' : fault.field} ${fault.detail}.`)
      .join(' ')
    const note: VisitorNote = { kind: 'invalid', email: typedEmail(body.value), detail }
    return body.kind === 'form' ? redirectWith(note, runtime) : badRequest(input.faults)
  }
  const { answer, isNew } = await joinWaitlist(runtime.database.db, input.value)
  if (isNew) await runtime.siteCache.cache.invalidate([waitlistTag])
  if (body.kind === 'form') return redirectWith({ kind: 'joined', ...answer }, runtime)
  return Response.json(answer, { status: 201, headers: noStore })
}

/** A form on another host may not put a visitor's address on the list. */
const isCrossSite = (headers: Headers): boolean => headers.get('sec-fetch-site') === 'cross-site'

/** POST /api/waitlist/join: 201 for JSON, 303 to the page for a form; 400, 413, 415 problem+json. */
export async function answerJoin({ request, runtime }: RouteContext): Promise<Response> {
  if (isFormPost(request.headers) && isCrossSite(request.headers)) {
    return problem({
      status: 403,
      title: 'Forbidden',
      detail: 'The form must be sent from this site',
      headers: noStore,
    })
  }
  const body = await readBody(request, maxBytes)
  return 'value' in body ? join(runtime, body) : unreadable(body.kind)
}

/** A refused form goes back to the page, which says how long to wait; undefined for JSON. */
export async function refuseJoin(
  { request, runtime }: RouteContext,
  decision: Decision,
): Promise<Response | undefined> {
  const wait = retryAfterSeconds(decision)
  if (!isFormPost(request.headers) || wait === undefined) return undefined
  const body = await readBody(request, maxBytes)
  const email = typedEmail('value' in body ? body.value : undefined)
  return redirectWith({ kind: 'wait', email, untilMs: Date.now() + wait * 1000 }, runtime)
}
