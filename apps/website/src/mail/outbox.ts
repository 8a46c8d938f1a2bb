import { and, asc, eq, inArray, isNull, lt, lte, sql } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { mailOutbox } from '../db/schema.ts'
import { composeMail, type DueMail } from './compose-mail.ts'
import type { MailTransport } from './mail.ts'

/** How long a process that took a mail has it to itself, well above what sending may take; one that dies gives it back after that. */
const claimMs = 20_000
const batchSize = 10
/** With the pauses below, about eight hours of trying: within the day in which providers remember an idempotency key. */
export const maxAttempts = 55
const longestPauseMs = 10 * 60_000

/** Milliseconds until the next attempt: 2 s, 4 s, 8 s and so on, at most ten minutes. */
export function retryPauseMs(attempts: number): number {
  return Math.min(longestPauseMs, 1_000 * 2 ** Math.min(attempts, 20))
}

export interface OutboxOptions {
  readonly db: Database
  readonly transport: MailTransport
  readonly baseUrl: string
  readonly secret: string
  readonly teamEmail: string
  readonly now: () => Date
  /** Told about a mail that was not taken: its kind, how often it was tried and the provider's word. Nothing personal. */
  readonly onFailure: (kind: string, attempts: number, reason: string) => void
}

/** Takes due mails for this process; others that ask meanwhile get others. */
async function claim({ db, now }: OutboxOptions): Promise<(DueMail & { attempts: number })[]> {
  const at = now()
  const due = db
    .select({ id: mailOutbox.id })
    .from(mailOutbox)
    .where(and(isNull(mailOutbox.sentAt), lte(mailOutbox.nextAttemptAt, at), lt(mailOutbox.attempts, maxAttempts)))
    .orderBy(asc(mailOutbox.nextAttemptAt))
    .limit(batchSize)
    .for('update', { skipLocked: true })
  return db
    .update(mailOutbox)
    .set({ attempts: sql`${mailOutbox.attempts} + 1`, nextAttemptAt: new Date(at.getTime() + claimMs) })
    .where(inArray(mailOutbox.id, due))
    .returning()
}

async function deliver(due: DueMail & { attempts: number }, options: OutboxOptions): Promise<boolean> {
  const { db, transport, now, onFailure } = options
  const mail = await composeMail(due, options)
  const outcome = mail === undefined ? ({ status: 'sent' } as const) : await transport.send(mail, due.idempotencyKey)
  if (outcome.status === 'sent') {
    await db.update(mailOutbox).set({ sentAt: now() }).where(eq(mailOutbox.id, due.id))
    return true
  }
  onFailure(due.kind, due.attempts, outcome.reason)
  const nextAttemptAt = new Date(now().getTime() + retryPauseMs(due.attempts))
  await db.update(mailOutbox).set({ nextAttemptAt }).where(eq(mailOutbox.id, due.id))
  return false
}

/**
 * Sends what is due and returns how many were taken by the transport. A mail is sent at least once, and with its key the
 * transport delivers it once: also when a process dies between sending and noting it.
 */
export async function deliverDue(options: OutboxOptions): Promise<number> {
  let sent = 0
  for (let batch = await claim(options); batch.length > 0; batch = await claim(options)) {
    const outcomes = await Promise.all(batch.map((due) => deliver(due, options)))
    sent += outcomes.filter((isSent) => isSent).length
  }
  return sent
}
