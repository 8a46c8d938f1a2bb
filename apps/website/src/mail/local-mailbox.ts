import { desc } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { localMails } from '../db/schema.ts'
import type { MailTransport } from './mail.ts'

/** Keeps mails in the database, where /dev/mail shows them; for development, so that every flow can be completed offline. */
export function localMailbox(db: Database): MailTransport {
  return {
    kind: 'local',
    async send({ to, subject, text, html }, { idempotencyKey }) {
      await db
        .insert(localMails)
        .values({ idempotencyKey, recipient: to, subject, body: text, html })
        .onConflictDoNothing()
      return { status: 'sent' }
    },
  }
}

/** The newest 50, newest first. */
export function readLocalMails(db: Database) {
  return db.select().from(localMails).orderBy(desc(localMails.createdAt)).limit(50)
}
