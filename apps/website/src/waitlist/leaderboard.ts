import { z } from 'zod'
import type { Queryable } from '../db/database.ts'
import { toPseudonym } from './pseudonym.ts'
import { readTopReferrers } from './ranking.ts'

const leaderboardLength = 10

export const leaderboard = z
  .array(
    z.object({
      rank: z.int().min(1).max(leaderboardLength),
      display_name: z.string(),
      referral_count: z.int().min(1),
      queue_position: z.int().min(1),
    }),
  )
  .max(leaderboardLength)
export type Leaderboard = z.output<typeof leaderboard>

/** The ten who brought the most friends, under the name they chose or a pseudonym; nothing else tells who they are. */
export async function readLeaderboard(db: Queryable, secret: string): Promise<Leaderboard> {
  const rows = await readTopReferrers(db, leaderboardLength)
  return rows.map((row, index) => ({
    rank: index + 1,
    display_name: row.display_name ?? toPseudonym(row.id, secret),
    referral_count: row.friends,
    queue_position: row.place,
  }))
}
