import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Queryable } from '../db/database.ts'
import { referralCodes, referrals, signups } from '../db/schema.ts'
import { foundingPlaces } from './stats.ts'

/** Places that each confirmed friend moves a person up. */
export const placesPerFriend = 5

/** Everybody who has confirmed, with their confirmed friends and their place: 1, 2, 3, … without a gap. */
const ranked: SQL = sql`
  with friends as (
    select ${referrals.referrerId} as id, count(*)::int as n
    from ${referrals} join ${signups} on ${signups.id} = ${referrals.referredId}
    where ${signups.seq} is not null and ${referrals.reversedAt} is null group by ${referrals.referrerId}
  ), ranked as (
    select s.id, s.seq::int as seq, s.display_name, coalesce(f.n, 0) as friends,
      row_number() over (order by s.seq - ${placesPerFriend} * coalesce(f.n, 0), coalesce(f.n, 0) desc, s.seq)::int as place
    from ${signups} s left join friends f on f.id = s.id
    where s.seq is not null
  )`

const rankedRow = z.object({
  id: z.string(),
  seq: z.int(),
  display_name: z.string().nullable(),
  friends: z.int(),
  place: z.int(),
})
export type RankedRow = z.output<typeof rankedRow>

async function rowsOf<T>(db: Queryable, row: z.ZodType<T>, query: SQL): Promise<readonly T[]> {
  return z.object({ rows: z.array(row) }).parse(await db.execute(query)).rows
}

/** The whole line in its order. */
export function readRanking(db: Queryable): Promise<readonly RankedRow[]> {
  return rowsOf(db, rankedRow, sql`${ranked} select id, seq, display_name, friends, place from ranked order by place`)
}

/** The `limit` people who brought the most friends; of equals, the one further in front. */
export function readTopReferrers(db: Queryable, limit: number): Promise<readonly RankedRow[]> {
  return rowsOf(
    db,
    rankedRow,
    sql`${ranked} select id, seq, display_name, friends, place from ranked
      where friends > 0 order by friends desc, place limit ${limit}`,
  )
}

/** What the person may know about themselves. */
export interface PersonStatus {
  readonly position: number
  readonly totalSignups: number
  readonly tier: 'founding' | 'early'
  readonly referralCode: string
  readonly referralCount: number
  /** Friends who came by the person's link and have not confirmed yet. */
  readonly pendingReferrals: number
  readonly displayName: string | null
}

const statusRow = rankedRow.extend({ total: z.int(), code: z.string(), pending: z.int() })

/** The standing of a person who has confirmed; undefined for everybody else. The link is the first code they were given. */
export async function readPersonStatus(db: Queryable, id: string): Promise<PersonStatus | undefined> {
  const [row] = await rowsOf(
    db,
    statusRow,
    sql`${ranked} select id, seq, display_name, friends, place,
        (select count(*)::int from ranked) as total,
        (select c.code from ${referralCodes} c where c.signup_id = ranked.id order by c.created_at, c.code limit 1) as code,
        (select count(*)::int from ${referrals} r where r.referrer_id = ranked.id and r.reversed_at is null) - friends as pending
      from ranked where id = ${id}`,
  )
  if (row === undefined) return undefined
  return {
    position: row.place,
    totalSignups: row.total,
    tier: row.seq <= foundingPlaces ? 'founding' : 'early',
    referralCode: row.code,
    referralCount: row.friends,
    pendingReferrals: row.pending,
    displayName: row.display_name,
  }
}
