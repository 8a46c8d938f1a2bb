import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import { expect, it } from 'vitest'
import * as schema from '../src/db/schema.ts'
import { joinWaitlist } from '../src/waitlist/join.ts'

it('joinWaitlist() asks the database the same whoever the address belongs to', async () => {
  const statements: string[] = []
  const logger = { logQuery: (query: string) => void statements.push(query) }
  const pglite = await PGlite.create()
  const db = drizzle(pglite, { schema, logger })
  await migrate(db, { migrationsFolder: join(import.meta.dirname, '../drizzle') })
  const ask = async (email: string, { referralCode, at = 0 }: { referralCode?: string; at?: number } = {}) => {
    statements.length = 0
    const now = new Date(Date.UTC(2026, 0, 1) + at)
    const { isNew, answer } = await joinWaitlist(db, { email, quiz: undefined, referralCode }, { now })
    return { isNew, code: answer.referralCode, statements: [...statements] }
  }
  const plain = await ask('new@x.org')
  const again = await ask('new@x.org')
  const anHourLater = await ask('new@x.org', { at: 3_600_000 })
  await db.update(schema.signups).set({ confirmedAt: new Date(), seq: 1 })
  const confirmed = await ask('new@x.org', { at: 7_200_000 })
  expect([again, anHourLater, confirmed].map((asked) => asked.statements)).toEqual([
    plain.statements,
    plain.statements,
    plain.statements,
  ])
  expect([plain, again, confirmed].map(({ isNew }) => isNew)).toEqual([true, false, false])
  const mails = await db.select({ kind: schema.mailOutbox.kind }).from(schema.mailOutbox)
  expect(mails.map(({ kind }) => kind).sort()).toEqual(['confirm', 'confirm', 'place'])

  const friend = await ask('friend@x.org', { referralCode: plain.code })
  const known = await ask('friend@x.org', { referralCode: plain.code })
  const unknownCode = await ask('other@x.org', { referralCode: 'ZZZZZZZZ' })
  expect([known.statements, unknownCode.statements]).toEqual([friend.statements, friend.statements])
  expect(await db.$count(schema.referrals)).toBe(1)
  await pglite.close()
})
