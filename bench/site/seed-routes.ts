import { Ratelimit } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis'

/**
 * The site's routes as they were first written: a limit in the middleware, one in the route, then the cache; each waits for the
 * one before. In-process refusal caches are as the package has them by default.
 */
export function createSeedRoutes(store: { url: string; token: string }) {
  const redis = new Redis({ ...store, enableTelemetry: false })
  const of = (prefix: string, limit: number) =>
    new Ratelimit({ redis, limiter: Ratelimit.slidingWindow(limit, '60 s'), prefix: `seed:${prefix}` })
  const [global, general, waitlist] = [of('global', 60), of('general', 30), of('waitlist', 5)]
  const isAllowed = async (limits: readonly Ratelimit[], address: string): Promise<boolean> => {
    for (const limit of limits) if (!(await limit.limit(address)).success) return false
    return true
  }
  return {
    /** A limited cached GET; false when it is refused. */
    async stats(address: string): Promise<boolean> {
      if (!(await isAllowed([global, general], address))) return false
      const cached = await redis.get('seed:cache:stats')
      if (cached === null) await redis.set('seed:cache:stats', { totalSignups: 140 }, { ex: 300 })
      return true
    },
    /** What a join asks of Redis; the database is the same for all. */
    async join(address: string): Promise<boolean> {
      if (!(await isAllowed([global, waitlist], address))) return false
      await redis.del('seed:cache:stats')
      await redis.del('seed:cache:leaderboard')
      return true
    },
  }
}
