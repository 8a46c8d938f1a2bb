import { join } from 'node:path'
import { count, eq, isNotNull, isNull, sql } from 'drizzle-orm'
import { describeWith, startPostgres } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OpenDatabase, openDatabase } from '../src/db/database.ts'
import { mailOutbox, referralCodes, referrals, signups } from '../src/db/schema.ts'
import { confirmSignup } from '../src/waitlist/confirm.ts'
import { joinWaitlist } from '../src/waitlist/join.ts'
import { readRanking } from '../src/waitlist/ranking.ts'
import { removeSignup, reverseReferral } from '../src/waitlist/remove.ts'
import { foundingPlaces, readWaitlistStats } from '../src/waitlist/stats.ts'

const people = 5_000
const connections = 40
const now = new Date('2026-11-01T12:00:00Z')

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

/** Runs every task, so many at a time. */
async function inParallel(tasks: readonly (() => Promise<unknown>)[], width: number): Promise<void> {
  const queue = tasks.values()
  const worker = async (): Promise<void> => {
    for (const task of queue) await task()
  }
  await Promise.all(Array.from({ length: width }, worker))
}

describeWith('postgres', 'a crowd on PostgreSQL', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>
  let database: OpenDatabase

  beforeAll(async () => {
    postgres = await startPostgres()
    const url = await postgres.createDatabase()
    const appDir = join(import.meta.dirname, '..')
    database = await openDatabase({ database: { kind: 'postgres', url }, dataDir: '', appDir, connections })
  })
  afterAll(async () => {
    await database?.close()
    await postgres?.stop()
  })

  /** Everybody has one place and one number, no place is left out, and each friend who counts is counted once. */
  async function expectLine({ rows, referred }: { rows: number; referred: number }): Promise<void> {
    const { db } = database
    const ranking = await readRanking(db)
    expect(ranking.map(({ place }) => place)).toEqual(range(1, rows + 1))
    expect(new Set(ranking.map(({ seq }) => seq)).size).toBe(rows)
    expect(ranking.reduce((total, { friends }) => total + friends, 0)).toBe(referred)
    const inOrder = ranking.toSorted(
      (a, b) => a.seq - 5 * a.friends - (b.seq - 5 * b.friends) || b.friends - a.friends || a.seq - b.seq,
    )
    expect(inOrder.map(({ id }) => id)).toEqual(ranking.map(({ id }) => id))
    expect(await readWaitlistStats(db)).toEqual({
      totalSignups: rows,
      foundingMembersLeft: 0,
      totalReferrals: referred,
    })
  }

  it('gives 5,000 joins sent twice and confirmed three times one row, one number and one place each', async () => {
    const { db } = database
    const codes = new Map<number, string>()
    // Whoever brings friends is there before them; everybody else comes in any order.
    const enter = (nth: number) => async () => {
      const friend = nth < 50 ? undefined : codes.get(nth % 50)
      const input = { email: `person${nth}@x.org`, ...(friend && { referralCode: friend }) }
      const { isNew, answer } = await joinWaitlist(db, input, { now })
      if (isNew && nth < 50) codes.set(nth, answer.referralCode)
    }
    const twice = (numbers: readonly number[]) => numbers.flatMap((nth) => [enter(nth), enter(nth)])
    await inParallel(twice(range(0, 50)), connections)
    await inParallel(twice(range(50, people)), connections)

    const ids = (await db.select({ id: signups.id }).from(signups).orderBy(sql`md5(email)`)).map(({ id }) => id)
    expect(ids.length).toBe(people)
    let firsts = 0
    const confirm = (id: string) => async () => {
      const outcome = await confirmSignup(db, id, now)
      if (outcome.status === 'confirmed' && outcome.isFirst) firsts += 1
    }
    await inParallel(
      ids.flatMap((id) => [confirm(id), confirm(id), confirm(id)]),
      connections,
    )
    expect(firsts).toBe(people)

    const ranking = await readRanking(db)
    expect(ranking.map(({ place }) => place)).toEqual(range(1, people + 1))
    expect(ranking.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(range(1, people + 1))
    expect(ranking.filter(({ seq }) => seq <= foundingPlaces).length).toBe(30)
    expect(ranking.reduce((total, { friends }) => total + friends, 0)).toBe(people - 50)
    expect(await db.select({ total: count() }).from(referrals)).toEqual([{ total: people - 50 }])
    expect(await db.select({ total: count() }).from(mailOutbox)).toEqual([{ total: people }])
    expect(await db.select({ total: count() }).from(signups).where(isNotNull(signups.confirmedAt))).toEqual([
      { total: people },
    ])
    await expectLine({ rows: people, referred: people - 50 })
  }, 300_000)

  it('counts 500 friends less when each is reversed three times, and moves nobody out', async () => {
    const { db } = database
    const brought = await db
      .select({ id: referrals.referredId })
      .from(referrals)
      .orderBy(referrals.referredId)
      .limit(500)
    let firsts = 0
    const reverse = (id: string) => async () => {
      if (await reverseReferral(db, id, now)) firsts += 1
    }
    await inParallel(
      brought.flatMap(({ id }) => [reverse(id), reverse(id), reverse(id)]),
      connections,
    )
    expect(firsts).toBe(500)
    await expectLine({ rows: people, referred: people - 50 - 500 })
    const founders = (await readRanking(db)).filter(({ seq }) => seq <= foundingPlaces)
    expect(founders.length).toBe(30)
  }, 60_000)

  it('closes up when 500 people leave at the same time as 500 join by their codes', async () => {
    const { db } = database
    const leaving = await db
      .select({ id: signups.id, code: referralCodes.code })
      .from(signups)
      .innerJoin(referralCodes, eq(referralCodes.signupId, signups.id))
      // The founders stay, and so do the fifty who brought everybody.
      .where(
        sql`${signups.seq} > 30 and exists (select 1 from referrals where referred_id = ${signups.id} and reversed_at is null)`,
      )
      .orderBy(sql`md5(email)`)
    const [some, codes] = [leaving.slice(0, 500), new Set<string>()]
    const unique = some.filter(({ id }) => !codes.has(id) && codes.add(id))
    let gone = 0
    const leave = (id: string) => async () => {
      if (await removeSignup(db, id)) gone += 1
    }
    const join = (code: string, nth: number) => async () => {
      await joinWaitlist(db, { email: `late${nth}@x.org`, referralCode: code }, { now })
    }
    await inParallel(
      unique.flatMap(({ id, code }, nth) => [join(code, nth), leave(id), leave(id), leave(id)]),
      connections,
    )
    expect(gone).toBe(unique.length)
    const stillBrought = await db.select({ total: count() }).from(referrals).where(sql`reversed_at is null`)
    await db.delete(signups).where(isNull(signups.seq))
    expect(stillBrought).toEqual([{ total: people - 50 - 500 - unique.length }])
    await expectLine({ rows: people - unique.length, referred: people - 50 - 500 - unique.length })
  }, 60_000)
})
