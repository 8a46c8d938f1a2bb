import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { contactMessages, mailOutbox } from '../db/schema.ts'
import { createReferralCode } from '../waitlist/referral-code.ts'
import type { ContactInput } from './contact-input.ts'

/** Nobody guesses another one's, and it does not tell how many there are. */
const createTicket = (): string => `HW-${createReferralCode()}`

/**
 * Stores a message and queues its mails in one transaction; returns its ticket. A submission that is there already gives
 * its ticket again and nothing else. `sendReceipt` false leaves the sender's mail out.
 */
export function storeContact(db: Database, input: ContactInput, options: { sendReceipt: boolean }): Promise<string> {
  const { name, email, subject, message, submission = randomUUID() } = input
  return db.transaction(async (tx) => {
    const [made] = await tx
      .insert(contactMessages)
      .values({ ticket: createTicket(), submission, name, email, subject, message })
      .onConflictDoNothing({ target: contactMessages.submission })
      .returning({ id: contactMessages.id, ticket: contactMessages.ticket })
    if (made === undefined) {
      const [found] = await tx
        .select({ ticket: contactMessages.ticket })
        .from(contactMessages)
        .where(eq(contactMessages.submission, submission))
      return found?.ticket ?? ''
    }
    const kinds = options.sendReceipt ? (['contact-team', 'contact-receipt'] as const) : (['contact-team'] as const)
    await tx
      .insert(mailOutbox)
      .values(kinds.map((kind) => ({ kind, contactId: made.id, idempotencyKey: `${kind}:${made.id}` })))
    return made.ticket
  })
}
