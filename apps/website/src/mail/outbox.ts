import { and, asc, eq, inArray, isNull, lt, lte, sql } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { mailOutbox } from '../db/schema.ts'
import { composeMail, type DueMail } from './compose-mail.ts'
import type { MailTransport, SendOutcome } from './mail.ts'

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

/** What became of an attempt that sent nothing. Nothing personal. */
export interface MailFailure {
  readonly kind: DueMail['kind']
  /** This one included. */
  readonly attempts: number
  /** The provider's word. */
  readonly reason: string
  readonly next:
    | 'again'
    /** It was the last attempt: nobody will get this mail. */
    | 'given-up'
    /** It was sent before, with the words of then: an answer was lost, and what mails are made of has changed since. */
    | 'taken-before'
}

export interface OutboxOptions {
  readonly db: Database
  readonly transport: MailTransport
  readonly baseUrl: string
  readonly secret: string
  readonly teamEmail: string
  readonly now: () => Date
  /** Told about each attempt that sent nothing. */
  readonly onFailure: (failure: MailFailure) => void
  /** Aborted: what is on its way is given up, to be sent again with its key, and nothing more is begun. */
  readonly signal?: AbortSignal
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

function toNext(outcome: Exclude<SendOutcome, { status: 'sent' }>, attempts: number): MailFailure['next'] {
  if (outcome.status === 'taken-before') return 'taken-before'
  return outcome.status === 'failed' && attempts >= maxAttempts ? 'given-up' : 'again'
}

/** A refusal for haste is no attempt: it was surely not taken, and a provider may be busy for longer than the attempts last. */
async function deliver(due: DueMail & { attempts: number }, options: OutboxOptions): Promise<SendOutcome> {
  const { db, transport, now, onFailure, signal } = options
  const { id, idempotencyKey, kind, attempts } = due
  const change = (values: Partial<typeof mailOutbox.$inferInsert>) =>
    db.update(mailOutbox).set(values).where(eq(mailOutbox.id, id))
  const mail = await composeMail(due, options)
  const outcome: SendOutcome =
    mail === undefined ? { status: 'sent' } : await transport.send(mail, { idempotencyKey, signal })
  const after = (ms: number): Date => new Date(now().getTime() + ms)
  if (outcome.status !== 'sent') {
    onFailure({ kind, attempts, reason: outcome.reason, next: toNext(outcome, attempts) })
  }
  switch (outcome.status) {
    case 'sent':
    case 'taken-before':
      await change({ sentAt: now() })
      return outcome
    case 'throttled':
      await change({ attempts: attempts - 1, nextAttemptAt: after(outcome.retryAfterMs) })
      return outcome
    case 'failed':
      await change({ nextAttemptAt: after(retryPauseMs(attempts)) })
      return outcome
    default:
      return outcome satisfies never
  }
}

export interface Delivery {
  /** Mails that the transport took. */
  readonly sent: number
  /** Milliseconds for which the transport wants to be left alone; what else is due then stays. 0: everything due was tried. */
  readonly throttledMs: number
}

/**
 * Sends what is due. A mail is sent at least once, and with its key the transport delivers it once: also when a process dies
 * between sending and noting it.
 */
export async function deliverDue(options: OutboxOptions): Promise<Delivery> {
  let sent = 0
  while (options.signal?.aborted !== true) {
    const batch = await claim(options)
    if (batch.length === 0) break
    const outcomes = await Promise.all(batch.map((due) => deliver(due, options)))
    sent += outcomes.filter(({ status }) => status === 'sent').length
    const waits = outcomes.map((outcome) => (outcome.status === 'throttled' ? outcome.retryAfterMs : 0))
    const throttledMs = Math.max(...waits)
    if (throttledMs > 0) return { sent, throttledMs }
  }
  return { sent, throttledMs: 0 }
}
