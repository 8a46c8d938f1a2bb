import type { SiteCache } from '../lib/cache.ts'
import { runtime } from '../lib/runtime.ts'
import type { SupportStats } from '../support/support-stats.ts'
import type { Leaderboard } from '../waitlist/leaderboard.ts'
import type { WaitlistStats } from '../waitlist/stats.ts'

/** A page is worth showing without its figures. */
async function orNothing<T>(what: string, read: (cache: SiteCache) => Promise<{ value: T }>): Promise<T | undefined> {
  try {
    return (await read(runtime().siteCache)).value
  } catch (error) {
    console.error(`Cannot read ${what}: ${error instanceof Error ? error.name : 'unknown error'}`)
    return undefined
  }
}

/** The list's figures, cached; undefined when they cannot be read. */
export const readStatsView = (): Promise<WaitlistStats | undefined> =>
  orNothing("the list's figures", ({ stats }) => stats.get())

/** The leaderboard, cached; undefined when it cannot be read. */
export const readLeadersView = (): Promise<Leaderboard | undefined> =>
  orNothing('the leaderboard', ({ leaderboard }) => leaderboard.get())

/** What was given, cached; undefined when it cannot be read. */
export const readSupportView = (): Promise<SupportStats | undefined> =>
  orNothing('the support', ({ support }) => support.get())
