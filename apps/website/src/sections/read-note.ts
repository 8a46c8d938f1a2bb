import { headers } from 'next/headers'
import { readCookies } from '../lib/read-cookies.ts'
import { runtime } from '../lib/runtime.ts'
import { noteCookie, readVisitorNote, type VisitorNote } from '../waitlist/visitor-note.ts'
import type { LineNote } from './note-line.tsx'

export type Query = Record<string, string | string[] | undefined>

/** A parameter that was given once. */
export const only = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined

/** What came of the form that led to this page, if one did. */
export async function readNote(query: Query): Promise<VisitorNote | undefined> {
  const named = { id: only(query.note), secret: runtime().secrets.cookie }
  const notes = readCookies((await headers()).get('cookie'), noteCookie).map((text) => readVisitorNote(text, named))
  return notes.find((note) => note !== undefined)
}

const toWait = (untilMs: number, nowMs: number): LineNote => ({
  kind: 'wait',
  seconds: Math.max(1, Math.ceil((untilMs - nowMs) / 1000)),
})

function toContactLine({ why }: Extract<VisitorNote, { kind: 'contact-held' }>, nowMs: number): LineNote {
  switch (why.kind) {
    case 'faults':
      return { kind: 'invalid', detail: 'Something is not right yet; see the fields above.' }
    case 'wait':
      return toWait(why.untilMs, nowMs)
    case 'failed':
      return { kind: 'failed', detail: 'Your message could not be taken right now. Please send it again in a minute.' }
    default:
      return why satisfies never
  }
}

/** The same as one line, where a page has no more to say about it. */
export function toLineNote(note: VisitorNote | undefined, nowMs: number): LineNote | undefined {
  switch (note?.kind) {
    case 'done':
    case 'invalid':
    case 'failed':
      return { kind: note.kind, detail: note.detail }
    case 'wait':
      return toWait(note.untilMs, nowMs)
    case 'contact-held':
      return toContactLine(note, nowMs)
    default:
      return undefined
  }
}

const contactOutcomes = { faults: 'Not accepted', wait: 'Too many tries', failed: 'Not sent' } as const

/** In few words: the note itself has the focus and says the rest. */
function toOutcome(note: VisitorNote): string {
  switch (note.kind) {
    case 'joined':
      return 'Check your inbox'
    case 'done':
      return 'Done'
    case 'invalid':
      return 'Not accepted'
    case 'wait':
      return 'Too many tries'
    case 'contact-sent':
      return 'It has arrived'
    case 'contact-held':
      return contactOutcomes[note.why.kind]
    case 'failed':
      return 'Not sent'
    default:
      return note satisfies never
  }
}

/** A page's title, which begins with what came of the form that led to it: a screen reader says the title first. */
export async function outcomeTitle(query: Query, title: string): Promise<string> {
  const note = await readNote(query)
  return note === undefined ? title : `${toOutcome(note)} · ${title}`
}
