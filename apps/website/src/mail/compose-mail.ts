import { eq } from 'drizzle-orm'
import type { Queryable } from '../db/database.ts'
import { contactMessages, type mailOutbox, signups } from '../db/schema.ts'
import { writePersonToken } from '../waitlist/person-token.ts'
import { type Mail, toMail } from './mail.ts'

export type DueMail = Pick<
  typeof mailOutbox.$inferSelect,
  'id' | 'kind' | 'signupId' | 'contactId' | 'idempotencyKey' | 'createdAt'
>

export interface ComposeContext {
  readonly db: Queryable
  /** Where links lead, without a slash at the end. From the configuration, never from a request. */
  readonly baseUrl: string
  readonly secret: string
  /** Who reads what visitors write. */
  readonly teamEmail: string
}

const signature = 'Headwater\nYou get this mail because somebody entered your address on our site.'

function linkMail(due: DueMail, to: string, { baseUrl, secret }: ComposeContext): Mail {
  const token = writePersonToken(due.signupId ?? '', { purpose: 'mail-link', secret, issuedAt: due.createdAt })
  const url = `${baseUrl}/confirm?token=${token}`
  return due.kind === 'confirm'
    ? toMail({
        to,
        subject: 'Confirm your place on the Headwater list',
        paragraphs: [
          'Hello,',
          'Your address was entered on the waiting list of Headwater. Open this page and press its button, and the next free place is yours. The link works for a week.',
        ],
        action: { label: 'Confirm my place', url },
        closing: ['If it was not you, do nothing: without the button nothing happens.', signature],
      })
    : toMail({
        to,
        subject: 'Your place on the Headwater list',
        paragraphs: [
          'Hello,',
          'This link shows your place, your own link for friends and who came by it. It works for a week.',
        ],
        action: { label: 'See my place', url },
        closing: ['If it was not you who asked, do nothing: nobody else can see your place.', signature],
      })
}

type ContactMessage = typeof contactMessages.$inferSelect

/** For the team: everything the visitor wrote, as text. */
function teamMail(contact: ContactMessage, to: string): Mail {
  const { ticket, name, email, subject, message } = contact
  return toMail({
    to,
    subject: `[${ticket}] ${subject}`,
    paragraphs: [`From: ${name} <${email}>`, `Subject: ${subject}`, message],
    replyTo: email,
  })
}

/** For whoever's address was given: nothing that was typed, so nobody can send their own words to a stranger from here. */
function receiptMail({ ticket, email }: ContactMessage): Mail {
  return toMail({
    to: email,
    subject: `We have your message (${ticket})`,
    paragraphs: [
      'Hello,',
      `Your message to Headwater has arrived. Its number is ${ticket}. A person reads it and answers.`,
    ],
    closing: [
      'If you did not write to us, somebody entered your address by mistake, and you need to do nothing.',
      'Headwater',
    ],
  })
}

/** The mail of a row of the outbox; undefined when whom or what it was about is gone. */
export async function composeMail(due: DueMail, context: ComposeContext): Promise<Mail | undefined> {
  switch (due.kind) {
    case 'confirm':
    case 'place': {
      if (due.signupId === null) return undefined
      const [person] = await context.db
        .select({ email: signups.email })
        .from(signups)
        .where(eq(signups.id, due.signupId))
      return person === undefined ? undefined : linkMail(due, person.email, context)
    }
    case 'contact-team':
    case 'contact-receipt': {
      if (due.contactId === null) return undefined
      const [contact] = await context.db.select().from(contactMessages).where(eq(contactMessages.id, due.contactId))
      if (contact === undefined) return undefined
      return due.kind === 'contact-team' ? teamMail(contact, context.teamEmail) : receiptMail(contact)
    }
    default:
      return due.kind satisfies never
  }
}
