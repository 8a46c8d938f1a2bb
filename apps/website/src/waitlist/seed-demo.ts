import { sql } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { referralCodes, referrals, signups, waitlistCounter } from '../db/schema.ts'
import { createReferralCode } from './referral-code.ts'

const people = 140
const hourMs = 3_600_000

const firstNames = [
  'ada',
  'bram',
  'chiara',
  'dilan',
  'elif',
  'farid',
  'greta',
  'hugo',
  'imani',
  'jonas',
  'kei',
  'lucia',
  'mateo',
  'nour',
  'oskar',
  'priya',
  'ravi',
  'sanne',
  'tomas',
  'yara',
] as const
const lastNames = ['brook', 'ford', 'hale', 'lindqvist', 'marsh', 'okafor', 'rivera'] as const

const goals = [
  'Sleep through',
  'See what a hard week does',
  'Bring one number to my doctor',
  'Train without guessing',
] as const
const apps = ['Watch', 'Ring', 'Scale', 'Notebook'] as const

const pick = <T>(from: readonly T[], index: number): T | undefined => from[index % from.length]

/** Who brought person `index`: nobody for two in three, else somebody before them, mostly one of the first. */
function referrerOf(index: number): number | undefined {
  const spread = ((index * 37) % 101) / 101
  return index > 4 && index % 3 === 0 ? Math.floor(spread ** 2 * index * 0.6) : undefined
}

/** The same 140 people each time: mailboxes under example.org, which can belong to nobody. */
function demoPerson(index: number) {
  const firstName = pick(firstNames, index) ?? 'ada'
  const name = `${firstName}.${pick(lastNames, Math.floor(index / firstNames.length))}`
  return {
    email: `${name}@example.org`,
    // Every third has chosen to be called by a name.
    displayName: index % 3 === 1 ? `${firstName.charAt(0).toUpperCase()}${firstName.slice(1)}` : null,
    quiz: { apps: [pick(apps, index) ?? 'Watch'], goal: pick(goals, Math.floor(index / 3)) ?? 'Sleep through' },
  }
}

/**
 * Fills an empty list with {@link people} confirmed sign-ups, about a third of them brought by another, spread over the
 * weeks before `now`. Does nothing when the list has a row. Returns how many it made.
 */
export function seedDemo(db: Database, now: Date): Promise<number> {
  return db.transaction(async (tx) => {
    // Two instances that start at once would both find the table empty.
    await tx.execute(sql`lock table ${signups} in share row exclusive mode`)
    const existing = await tx.select({ id: signups.id }).from(signups).limit(1)
    if (existing.length > 0) return 0
    const rows = Array.from({ length: people }, (_, index) => {
      const createdAt = new Date(now.getTime() - (people - index) * 7 * hourMs)
      const confirmedAt = new Date(createdAt.getTime() + 0.1 * hourMs)
      return { ...demoPerson(index), createdAt, confirmedAt, seq: index + 1 }
    })
    await tx.update(waitlistCounter).set({ confirmed: people })
    const made = await tx.insert(signups).values(rows).returning({ id: signups.id, email: signups.email })
    const idOf = new Map(made.map((row) => [row.email, row.id]))
    const ids = rows.map((row) => idOf.get(row.email)).filter((id) => id !== undefined)
    await tx.insert(referralCodes).values(ids.map((signupId) => ({ code: createReferralCode(), signupId })))
    await tx.insert(referrals).values(
      ids.flatMap((referredId, index) => {
        const referrerId = ids[referrerOf(index) ?? -1]
        return referrerId === undefined ? [] : [{ referredId, referrerId }]
      }),
    )
    return made.length
  })
}
