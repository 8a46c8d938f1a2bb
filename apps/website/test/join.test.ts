import { join } from 'node:path'
import { and, count, eq, sql } from 'drizzle-orm'
import { describeWith, startPostgres } from 'millpond-e2e/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenDatabase, openDatabase } from '../src/db/database.ts'
import { mailOutbox, referralCodes, referrals, signups, waitlistCounter } from '../src/db/schema.ts'
import { joinWaitlist, ReferralCodeError } from '../src/waitlist/join.ts'
import { seedDemo } from '../src/waitlist/seed-demo.ts'
import { readWaitlistStats } from '../src/waitlist/stats.ts'

const appDir = join(import.meta.dirname, '..')

/** Draws these codes in this order. */
function drawing(...codes: string[]): () => string {
  return () => codes.shift() ?? 'ZZZZZZZZ'
}

describeWith('postgres', 'the waiting list in PostgreSQL', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>
  let database: OpenDatabase

  beforeAll(async () => {
    postgres = await startPostgres()
    const url = await postgres.createDatabase()
    // Instances that start together migrate one after the other.
    const options = { database: { kind: 'postgres', url }, dataDir: '', appDir } as const
    const [first, ...others] = await Promise.all([openDatabase(options), openDatabase(options), openDatabase(options)])
    database = first
    await Promise.all(others.map((other) => other.close()))
  })
  afterAll(async () => {
    await database?.close()
    await postgres?.stop()
  })

  const codesOf = async (email: string): Promise<string[]> => {
    const rows = await database.db
      .select({ code: referralCodes.code })
      .from(referralCodes)
      .innerJoin(signups, eq(signups.id, referralCodes.signupId))
      .where(eq(signups.email, email))
      .orderBy(referralCodes.createdAt)
    return rows.map(({ code }) => code)
  }

  describe('joinWaitlist()', () => {
    it('draws another code when one is taken', async () => {
      await joinWaitlist(database.db, { email: 'first@x.org' }, { draw: drawing('AAAAAAAA') })
      const second = await joinWaitlist(
        database.db,
        { email: 'second@x.org' },
        { draw: drawing('AAAAAAAA', 'AAAAAAAA', 'BBBBBBBB') },
      )
      expect([second.isNew, second.answer.referralCode, second.answer.position]).toEqual([true, 'BBBBBBBB', 1])
    })

    it('stores nothing of a join when every code is taken', async () => {
      const before = await readWaitlistStats(database.db)
      const input = { email: 'third@x.org', referralCode: 'AAAAAAAA' }
      await expect(joinWaitlist(database.db, input, { draw: () => 'AAAAAAAA' })).rejects.toThrow(ReferralCodeError)
      expect(await readWaitlistStats(database.db)).toEqual(before)
      expect(await database.db.select({ total: count() }).from(mailOutbox)).toEqual([{ total: 2 }])
    })

    it('credits a friend once, and never the person itself', async () => {
      await joinWaitlist(
        database.db,
        { email: 'fourth@x.org', referralCode: 'BBBBBBBB' },
        { draw: drawing('CCCCCCCC') },
      )
      await joinWaitlist(database.db, { email: 'fourth@x.org', referralCode: 'AAAAAAAA' })
      await joinWaitlist(database.db, { email: 'second@x.org', referralCode: 'BBBBBBBB' })
      // A code that is drawn in the same join cannot credit the one who joins.
      await joinWaitlist(database.db, { email: 'fifth@x.org', referralCode: 'DDDDDDDD' }, { draw: drawing('DDDDDDDD') })
      const credited = await database.db
        .select({ email: signups.email })
        .from(referrals)
        .innerJoin(signups, eq(signups.id, referrals.referrerId))
      expect(credited).toEqual([{ email: 'second@x.org' }])
    })

    it('keeps the first code of an address whatever others do, and the newest 19', async () => {
      // Not of whoever joined first, so that codes of others are older.
      for (let nth = 0; nth < 24; nth += 1) await joinWaitlist(database.db, { email: 'second@x.org' })
      const last = await joinWaitlist(database.db, { email: 'second@x.org' })
      const codes = await codesOf('second@x.org')
      expect([codes.length, codes[0], codes.at(-1)]).toEqual([20, 'BBBBBBBB', last.answer.referralCode])
    })

    it('offers everybody the place after the last confirmation', async () => {
      const before = await readWaitlistStats(database.db)
      const { answer } = await joinWaitlist(database.db, { email: 'next@x.org' })
      expect([answer.position, answer.tier]).toEqual([1, 'founding'])
      expect(await readWaitlistStats(database.db)).toEqual({
        totalSignups: before.totalSignups + 1,
        foundingMembersLeft: 30,
        totalReferrals: 0,
      })
    })

    it('offers the thirtieth place as the last founding one', async () => {
      const offered = []
      for (const confirmed of [29, 30]) {
        await database.db.update(waitlistCounter).set({ confirmed })
        const { answer } = await joinWaitlist(database.db, { email: 'next@x.org' })
        offered.push([answer.position, answer.tier])
      }
      await database.db.update(waitlistCounter).set({ confirmed: 0 })
      expect(offered).toEqual([
        [30, 'founding'],
        [31, 'early'],
      ])
    })

    it('writes once to an address on the list that two enter at once: the second waits for the first', async () => {
      const email = 'crowded@x.org'
      const join = (db: typeof database.db, hour: number) =>
        joinWaitlist(db, { email }, { now: new Date(Date.UTC(2026, 10, 1, hour)) })
      await join(database.db, 0)
      let second: ReturnType<typeof join> | undefined
      await database.db.transaction(async (tx) => {
        await join(tx, 1)
        second = join(database.db, 1)
        const waiting = () => database.db.execute(sql`select 1 from pg_locks where not granted`)
        await expect.poll(async () => Object(await waiting()).rows, { timeout: 10_000 }).toHaveLength(1)
      })
      await second
      const mails = await database.db
        .select({ at: mailOutbox.createdAt })
        .from(mailOutbox)
        .innerJoin(signups, and(eq(signups.id, mailOutbox.signupId), eq(signups.email, email)))
        .orderBy(mailOutbox.createdAt)
      expect(mails.map(({ at }) => at.getUTCHours())).toEqual([0, 1])
    })

    it('writes to an address again after ten minutes at the earliest, and five times a day at most', async () => {
      const start = Date.parse('2026-11-01T00:00:00Z')
      const email = 'often@x.org'
      for (const minute of [0, 9, 10, 19, 20, 30, 40, 50, 120, 1_439, 1_440, 1_449, 1_450]) {
        await joinWaitlist(database.db, { email }, { now: new Date(start + minute * 60_000) })
      }
      const mails = await database.db
        .select({ kind: mailOutbox.kind, at: mailOutbox.createdAt })
        .from(mailOutbox)
        .innerJoin(signups, eq(signups.id, mailOutbox.signupId))
        .where(eq(signups.email, email))
        .orderBy(mailOutbox.createdAt)
      expect(mails.map(({ kind, at }) => [kind, (at.getTime() - start) / 60_000])).toEqual(
        [0, 10, 20, 30, 40, 1_440, 1_450].map((minute) => ['confirm', minute]),
      )
    })
  })

  it('seedDemo() leaves a list that has people alone, and fills an empty one once', async () => {
    const now = new Date('2026-11-01T12:00:00Z')
    expect(await seedDemo(database.db, now)).toBe(0)
    await database.db.delete(signups)
    expect(await Promise.all([seedDemo(database.db, now), seedDemo(database.db, now)])).toContain(140)
    expect(await readWaitlistStats(database.db)).toEqual({
      totalSignups: 140,
      foundingMembersLeft: 0,
      totalReferrals: 45,
    })
  })
})
