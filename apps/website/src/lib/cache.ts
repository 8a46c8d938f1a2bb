import { createCache } from 'millpond'
import type { Database } from '../db/database.ts'
import { leaderboard, readLeaderboard } from '../waitlist/leaderboard.ts'
import { readWaitlistStats, waitlistStats } from '../waitlist/stats.ts'
import type { Store } from './store.ts'

/** Everything computed from the rows of the list. */
export const waitlistTag = 'waitlist'

/** The site's cached reads. A store that is down shows as status `bypass` and never as an error. */
export function createSiteCache(options: { store: Store; keySecret: string; db: Database }) {
  const { store, keySecret, db } = options
  const cache = createCache({ store, namespace: 'website', keySecret })
  const stats = cache.define({
    name: 'waitlist.stats',
    ttl: '10s',
    output: waitlistStats,
    tags: () => [waitlistTag],
    load: () => readWaitlistStats(db),
  })
  const leaders = cache.define({
    name: 'waitlist.leaderboard',
    ttl: '60s',
    output: leaderboard,
    tags: () => [waitlistTag],
    load: () => readLeaderboard(db, keySecret),
  })
  return { cache, stats, leaderboard: leaders, close: () => cache.close() }
}

export type SiteCache = ReturnType<typeof createSiteCache>
