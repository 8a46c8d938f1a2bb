import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { seal, unseal } from '../lib/sealed.ts'

/** The place on the page beside which it stands, where a page has several forms. */
const at = z.string().optional()

/** As it was typed, fit or not: what is refused is what comes back. */
const quiz = z.object({ apps: z.array(z.string()), frustrations: z.array(z.string()), goal: z.string() }).partial()
const typed = { email: z.string(), name: z.string().optional(), quiz: quiz.optional() }

/** What the page says after a form was posted without JavaScript, and what the visitor had typed. */
const visitorNote = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('joined'),
    message: z.string(),
    position: z.int(),
    referralCode: z.string(),
    tier: z.enum(['founding', 'early']),
  }),
  z.object({ kind: z.literal('invalid'), ...typed, detail: z.string(), at }),
  z.object({ kind: z.literal('wait'), ...typed, untilMs: z.number(), at }),
  z.object({ kind: z.literal('failed'), ...typed, detail: z.string(), at }),
  z.object({ kind: z.literal('done'), detail: z.string(), at }),
  z.object({ kind: z.literal('contact-sent'), ticket: z.string() }),
  z.object({
    kind: z.literal('contact-held'),
    fields: z.object({ name: z.string(), email: z.string(), subject: z.string(), message: z.string() }),
    why: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('faults'), faults: z.array(z.object({ field: z.string(), detail: z.string() })) }),
      z.object({ kind: z.literal('wait'), untilMs: z.number() }),
      /** It may have been stored all the same: sent again, it is the same submission. */
      z.object({ kind: z.literal('failed'), submission: z.string().optional() }),
    ]),
  }),
])
export type VisitorNote = z.output<typeof visitorNote>

const signed = z.object({ id: z.string(), note: visitorNote })

export const noteCookie = 'headwater_note'
/** Seconds. Long enough to read it and to reload once, short enough not to be there tomorrow. */
const maxAgeSeconds = 300
/** Seconds that the site may take to work again. */
const failedMaxAgeSeconds = 3_600
/** What was typed is kept up to this length: a longer one is refused anyway, and a cookie has no room for it. */
const keptEmailLength = 300
const keptNameLength = 100
/** Browsers drop a cookie whose name and value are longer than 4,096. */
const longestCookie = 4_096 - noteCookie.length - 1

function shorten(note: VisitorNote): VisitorNote {
  if (note.kind === 'contact-held') {
    const { name, email, subject, message } = note.fields
    return {
      ...note,
      fields: { name: name.slice(0, 60), email: email.slice(0, 100), subject: subject.slice(0, 80), message },
    }
  }
  if (!('email' in note)) return note
  return { ...note, email: note.email.slice(0, keptEmailLength), name: note.name?.slice(0, keptNameLength) }
}

const isFailed = (note: VisitorNote): boolean =>
  note.kind === 'failed' || (note.kind === 'contact-held' && note.why.kind === 'failed')

/** Half a message would be sent by mistake; none is noticed. */
function withoutMessage(note: VisitorNote): VisitorNote {
  return note.kind === 'contact-held' ? { ...note, fields: { ...note.fields, message: '' } } : note
}

/**
 * A note in a signed cookie, the id that the page's address names it by, and the seconds that the cookie is kept. It travels in a cookie because an e-mail address in a URL ends in logs and histories.
 */
export function writeVisitorNote(note: VisitorNote, secret: string): { id: string; cookie: string; maxAge: number } {
  const id = randomUUID().slice(0, 8)
  const kept = shorten(note)
  const toCookie = (held: VisitorNote) => seal({ id, note: held }, { purpose: 'packed-note', secret })
  const cookie = toCookie(kept)
  return {
    id,
    cookie: cookie.length > longestCookie ? toCookie(withoutMessage(kept)) : cookie,
    maxAge: isFailed(note) ? failedMaxAgeSeconds : maxAgeSeconds,
  }
}

/** The note called `id`; undefined when the cookie is missing, forged, or of another post. */
export function readVisitorNote(
  cookie: string | undefined,
  { id, secret }: { id: string | undefined; secret: string },
): VisitorNote | undefined {
  const parsed = signed.safeParse(unseal(cookie, { purpose: 'packed-note', secret }))
  return parsed.success && parsed.data.id === id ? parsed.data.note : undefined
}
