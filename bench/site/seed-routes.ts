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
  const isAllowed = async (limit: Ratelimit, address: string): Promise<boolean> => (await limit.limit(address)).success
  const before = (_route: 'stats' | 'join', address: string): Promise<boolean> => isAllowed(global, address)
  const statsRoute = async (address: string): Promise<boolean> => {
    if (!(await isAllowed(general, address))) return false
    const cached = await redis.get('seed:cache:stats')
    if (cached === null) await redis.set('seed:cache:stats', { totalSignups: 140 }, { ex: 300 })
    return true
  }
  /** What a join asks of Redis; the database is the same for all. */
  const joinRoute = async (address: string): Promise<boolean> => {
    if (!(await isAllowed(waitlist, address))) return false
    await redis.del('seed:cache:stats')
    await redis.del('seed:cache:leaderboard')
    return true
  }
  return {
    /** The middleware's limit. */
    before,
    statsRoute,
    joinRoute,
    /** A limited cached GET; false when it is refused. */
    stats: async (address: string): Promise<boolean> => (await before('stats', address)) && (await statsRoute(address)),
    join: async (address: string): Promise<boolean> => (await before('join', address)) && (await joinRoute(address)),
  }
}
