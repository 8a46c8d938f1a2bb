import type { Decision } from 'millpond'
import { problem, retryAfterSeconds } from 'millpond/http'
import type { Runtime } from '../lib/runtime.ts'
import { heldQuiz } from '../waitlist/held-quiz.ts'
import { noteCookie, type VisitorNote, writeVisitorNote } from '../waitlist/visitor-note.ts'
import type { RouteContext } from './api-route.ts'
import { isFormPost, type ReadBody, readBody } from './read-body.ts'

/** Enough for every form of the site. */
const maxBytes = 64 * 1024
export const noStore = { 'Cache-Control': 'no-store' }

/** What is wrong with one field; `field` is its path, as in `quiz.apps.0`, or `body`. */
export interface FieldFault {
  readonly field: string
  readonly detail: string
}

/** One Set-Cookie line: for this site's server only, `Secure` in production and wherever the site is reached by https. */
export function cookieLine(
  { config }: Pick<Runtime, 'config'>,
  cookie: { name: string; value: string; maxAge: number },
): string {
  const secure = config.isHttps || config.appEnv === 'production' ? '; Secure' : ''
  return `${cookie.name}=${cookie.value}; Path=/; Max-Age=${cookie.maxAge}; HttpOnly; SameSite=Lax${secure}`
}

/** 303 to a page of the site: how a form that is posted without JavaScript is answered. */
export function redirect(location: string, cookies: readonly string[] = []): Response {
  const headers = new Headers({ ...noStore, Location: location })
  for (const line of cookies) headers.append('Set-Cookie', line)
  return new Response(null, { status: 303, headers })
}

/** A page, the place on it, and what of its address belongs to the form. */
export interface FormPlace {
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly fragment: string
}

/**
 * Back to a page, which renders the note. A text that is there when a page loads is read aloud by nobody, so the address leads to it, or to the element `target`: that gives it the focus, without
 * JavaScript too.
 */
export function redirectWithNote(
  runtime: Runtime,
  note: VisitorNote,
  { path, query, fragment }: FormPlace,
  target: string = `${fragment}-note`,
): Response {
  const hasPlace = note.kind !== 'joined' && note.kind !== 'contact-sent' && note.kind !== 'contact-held'
  const { id, cookie, maxAge } = writeVisitorNote(hasPlace ? { ...note, at: fragment } : note, runtime.secrets.cookie)
  const line = cookieLine(runtime, { name: noteCookie, value: cookie, maxAge })
  return redirect(`${path}?${new URLSearchParams({ ...query, note: id })}#${target}`, [line])
}

export function badRequest(faults: readonly FieldFault[]): Response {
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

export type PostBody = Extract<ReadBody, { value: unknown }>

/**
 * Whether the browser says that a page of another origin sent it, a sibling's too, whose posts carry the cookies of this one. Who is no browser says nothing and has no cookies of others. An old
 * browser names the origin alone; what stands in the host's headers no page of another site can choose.
 */
function isForeign(headers: Headers): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site !== 'same-origin' && site !== 'none'
  const origin = headers.get('origin')
  if (origin === null) return false
  const host = URL.canParse(origin) ? new URL(origin).host : undefined
  return host === undefined || (host !== headers.get('host') && host !== headers.get('x-forwarded-host'))
}

/** The body of a POST, or the answer to one that cannot be read or that a form of another origin has sent. */
export async function readPost(request: Request): Promise<PostBody | Response> {
  if (isFormPost(request.headers) && isForeign(request.headers)) {
    return problem({ status: 403, title: 'Forbidden', detail: 'The form must be sent from this site' })
  }
  const body = await readBody(request, maxBytes)
  return 'value' in body ? body : unreadable(body.kind)
}

/** What stood in the field called `name`, to be shown again; an empty text when the body had none. */
export function typedText(body: unknown, name: string): string {
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined
  return typeof value === 'string' ? value : ''
}

/**
 * What a form without JavaScript gets instead of 429, 500 and 503: its page again, with what was typed and how long to wait, or `failure`. Undefined for JSON. `toPlace` says where of the form's fields, of
 * which nothing is known.
 */
export function formReturns(toPlace: (fields: unknown) => FormPlace, failure: string) {
  const giveBack = async (
    { request, runtime }: RouteContext,
    why: { kind: 'wait'; untilMs: number } | { kind: 'failed'; detail: string },
  ): Promise<Response | undefined> => {
    if (!isFormPost(request.headers)) return undefined
    const body = await readBody(request, maxBytes)
    const fields = 'value' in body ? body.value : undefined
    const typed = { email: typedText(fields, 'email'), name: typedText(fields, 'displayName'), quiz: heldQuiz(fields) }
    return redirectWithNote(runtime, { ...why, ...typed }, toPlace(fields))
  }
  return {
    refuse: async (context: RouteContext, decision: Decision): Promise<Response | undefined> => {
      const wait = retryAfterSeconds(decision)
      return wait === undefined ? undefined : giveBack(context, { kind: 'wait', untilMs: Date.now() + wait * 1000 })
    },
    fail: (context: RouteContext): Promise<Response | undefined> =>
      giveBack(context, { kind: 'failed', detail: failure }),
  }
}
