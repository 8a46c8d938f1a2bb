import { createCache } from 'millpond'
import type { Database } from '../db/database.ts'
import { readSupportStats, supportStats } from '../support/support-stats.ts'
import { leaderboard, readLeaderboard } from '../waitlist/leaderboard.ts'
import { readWaitlistStats, waitlistStats } from '../waitlist/stats.ts'
import type { Store } from './store.ts'

/** Everything computed from the rows of the list. */
export const waitlistTag = 'waitlist'

/** Everything computed from contributions. */
export const supportTag = 'support'

/** The site's cached reads. A store that is down shows as status `bypass` and never as an error. */
export function createSiteCache(options: {
  store: Store
  keySecret: string
  db: Database
  /** Reads the supporters anew when it is time; never rejects. */
  syncSupport: () => Promise<unknown>
}) {
  const { store, keySecret, db, syncSupport } = options
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
  const support = cache.define({
    name: 'support.stats',
    ttl: '300s',
    // The other side may take its time: until then the figures of before are shown.
    softTimeout: '1s',
    staleIfError: '1d',
    output: supportStats,
    tags: () => [supportTag],
    load: async () => {
      await syncSupport()
      return readSupportStats(db)
    },
  })
  return { cache, stats, leaderboard: leaders, support, close: () => cache.close() }
}

export type SiteCache = ReturnType<typeof createSiteCache>
