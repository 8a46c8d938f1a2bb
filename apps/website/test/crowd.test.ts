import { join } from 'node:path'
import { count, isNotNull, sql } from 'drizzle-orm'
import { describeWith, startPostgres } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OpenDatabase, openDatabase } from '../src/db/database.ts'
import { mailOutbox, referrals, signups } from '../src/db/schema.ts'
import { confirmSignup } from '../src/waitlist/confirm.ts'
import { joinWaitlist } from '../src/waitlist/join.ts'
import { readRanking } from '../src/waitlist/ranking.ts'
import { foundingPlaces, readWaitlistStats } from '../src/waitlist/stats.ts'

const people = 5_000
const connections = 40
const now = new Date('2026-11-01T12:00:00Z')

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
    const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)
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
    expect(await readWaitlistStats(db)).toEqual({
      totalSignups: people,
      foundingMembersLeft: 0,
      totalReferrals: people - 50,
    })
  }, 120_000)
})
