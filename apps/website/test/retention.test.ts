import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { describeWith, startPostgres } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OpenDatabase, openDatabase } from '../src/db/database.ts'
import { contactMessages, localMails, mailOutbox, signups } from '../src/db/schema.ts'
import { maxAttempts } from '../src/mail/outbox.ts'
import { deleteExpired } from '../src/retention/delete-expired.ts'
import { startJanitor } from '../src/retention/janitor.ts'
import { keptDays } from '../src/retention/periods.ts'

const now = new Date('2026-11-01T12:00:00Z')
const daysAgo = (days: number, ms = 0): Date => new Date(now.getTime() - days * 86_400_000 + ms)

describeWith('postgres', 'deleteExpired()', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>
  let database: OpenDatabase
  beforeAll(async () => {
    postgres = await startPostgres()
    const url = await postgres.createDatabase()
    const appDir = join(import.meta.dirname, '..')
    database = await openDatabase({ database: { kind: 'postgres', url }, dataDir: '', appDir })
  })
  afterAll(async () => {
    await database?.close()
    await postgres?.stop()
  })

  /** One row of each kind that is over and one that has a millisecond left. */
  async function fill(): Promise<void> {
    const { db } = database
    let seq = 0
    const person = (email: string, createdAt: Date, confirmedAt: Date | null = null) => {
      seq += 1
      return { email, createdAt, confirmedAt, seq: confirmedAt === null ? null : seq }
    }
    await db
      .insert(signups)
      .values([
        person('pending-over@x.org', daysAgo(keptDays.unconfirmed)),
        person('pending-kept@x.org', daysAgo(keptDays.unconfirmed, 1)),
        person('confirmed-over@x.org', daysAgo(900), daysAgo(keptDays.confirmed)),
        person('confirmed-kept@x.org', daysAgo(900), daysAgo(keptDays.confirmed, 1)),
      ])
    const letter = { name: 'A', email: 'a@x.org', subject: 's', message: 'm' }
    await db.insert(contactMessages).values([
      { ...letter, ticket: 'over', submission: randomUUID(), createdAt: daysAgo(keptDays.contact) },
      { ...letter, ticket: 'kept', submission: randomUUID(), createdAt: daysAgo(keptDays.contact, 1) },
    ])
    const old = daysAgo(keptDays.outbox)
    const note = (idempotencyKey: string, change: Partial<typeof mailOutbox.$inferInsert>) =>
      ({ kind: 'place', idempotencyKey, createdAt: old, ...change }) as const
    await db
      .insert(mailOutbox)
      .values([
        note('sent over', { sentAt: old }),
        note('given up over', { attempts: maxAttempts }),
        note('still due', { attempts: maxAttempts - 1 }),
        note('sent kept', { sentAt: old, createdAt: daysAgo(keptDays.outbox, 1) }),
      ])
    const mail = { recipient: 'a@x.org', subject: 's', body: 'b', html: 'h' }
    await db.insert(localMails).values([
      { ...mail, idempotencyKey: 'over', createdAt: daysAgo(keptDays.localMail) },
      { ...mail, idempotencyKey: 'kept', createdAt: daysAgo(keptDays.localMail, 1) },
    ])
  }

  const left = async () => {
    const { db } = database
    const [people, letters, notes, mails] = await Promise.all([
      db.select({ name: signups.email }).from(signups),
      db.select({ name: contactMessages.ticket }).from(contactMessages),
      db.select({ name: mailOutbox.idempotencyKey }).from(mailOutbox),
      db.select({ name: localMails.idempotencyKey }).from(localMails),
    ])
    return [people, letters, notes, mails].map((rows) => rows.map(({ name }) => name).sort())
  }

  it('deletes what has been kept for its time, to the millisecond, and nothing else', async () => {
    await fill()
    const outcomes = await Promise.all([1, 2, 3].map(() => deleteExpired(database.db, now)))
    const total = (of: 'people' | 'messages' | 'mails') => outcomes.reduce((sum, outcome) => sum + outcome[of], 0)
    expect([total('people'), total('messages'), total('mails')]).toEqual([2, 1, 3])
    expect(await left()).toEqual([
      ['confirmed-kept@x.org', 'pending-kept@x.org'],
      ['kept'],
      ['sent kept', 'still due'],
      ['kept'],
    ])
  })

  it('deletes a long list to its end', async () => {
    const many = Array.from({ length: 1_300 }, (_, nth) => ({ email: `old${nth}@x.org`, createdAt: daysAgo(31) }))
    await database.db.insert(signups).values(many)
    expect(await deleteExpired(database.db, now)).toEqual({ people: 1_300, messages: 0, mails: 0 })
  })

  it('runs at the start, and tells when something went', async () => {
    await database.db.insert(signups).values({ email: 'late@x.org', createdAt: daysAgo(31) })
    const told: unknown[] = []
    const janitor = startJanitor({
      db: database.db,
      now: () => now,
      onDeleted: async (deleted) => {
        told.push(deleted)
      },
    })
    await janitor.close()
    expect(told).toEqual([{ people: 1, messages: 0, mails: 0 }])
  })
})
