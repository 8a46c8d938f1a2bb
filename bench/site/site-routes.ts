import { createCache } from 'millpond'
import { guard } from 'millpond/http'
import { upstash } from 'millpond/upstash'
import { createLimits } from '../../apps/website/src/lib/limits.ts'

/** The same routes with the site's own policies, and its cached read as `apps/website/src/api/api-route.ts` guards it. */
export function createSiteRoutes(credentials: { url: string; token: string }) {
  const store = upstash(credentials)
  const keySecret = 'k'.repeat(32)
  const limits = createLimits({ store, keySecret })
  const cache = createCache({ store, namespace: 'website', keySecret })
  const stats = cache.define({
    name: 'waitlist.stats',
    ttl: '300s',
    tags: () => ['waitlist'],
    load: async () => ({ totalSignups: 140 }),
  })
  const takes = (address: string, own: 'general' | 'waitlist') =>
    [
      { policy: 'global', key: address },
      { policy: own, key: address },
    ] as const
  /** What the proxy takes: nothing before a cached read, whose route takes both limits itself. */
  const before = async (route: 'stats' | 'join', address: string): Promise<boolean> =>
    route === 'stats' || (await limits.take(takes(address, 'waitlist'))).allowed
  const statsRoute = async (address: string): Promise<boolean> => {
    const response = await guard({
      limits: () => limits.take(takes(address, 'general')),
      read: () => stats.peek(),
      answer: (result) => Response.json(result.value),
    })
    return response.ok
  }
  /** What a join asks of Redis once it is let in; the database is the same for all. */
  const joinRoute = async (_address: string): Promise<boolean> => {
    await cache.invalidate(['waitlist'])
    return true
  }
  return {
    before,
    statsRoute,
    joinRoute,
    stats: statsRoute,
    join: async (address: string): Promise<boolean> => (await before('join', address)) && (await joinRoute(address)),
    async close(): Promise<void> {
      limits.close()
      await cache.close()
      await store.close()
    },
  }
}
