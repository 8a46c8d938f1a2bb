import { ping } from '../ping.ts'
import { createRedisCache } from '../redis-cache.ts'
import { createRedisLimits } from '../redis-limits.ts'
import type { Store } from '../store.ts'
import { withClusterCache } from './cluster-cache.ts'
import { withClusterLimits } from './cluster-limits.ts'
import { createCommands, type RedisClient } from './connection.ts'

/**
 * A store on a Redis or Valkey (6.2 or later), alone, behind sentinels or as a cluster, that a client of yours is connected to: ioredis (`Redis`, `Cluster`) or node-redis
 * (`createClient`, `createClientPool`, `createSentinel`, `createCluster`). The client stays yours: it is never closed, and its own retries and offline queue are bounded by the deadlines of the cache and the limiter. Reads go to
 * masters. Give ioredis `maxRetriesPerRequest: 0`, its cluster `retryDelayOnFailover: 0` and `createSentinel` `maxCommandRediscovers: 0`: what they send again may have run, and a refund would then give back twice.
 *
 * ```ts
 * import { Redis } from 'ioredis'
 * import { createCache } from 'millpond'
 * import { redis } from 'millpond/redis'
 *
 * const client = new Redis('redis://127.0.0.1:6379', { lazyConnect: true })
 * const cache = createCache({ store: redis(client), namespace: 'shop' })
 * ```
 *
 * @throws {TypeError} when `client` is of neither library or node-redis's `legacy()`, or an ioredis client that reads from replicas (`scaleReads`, `role`)
 */
export function redis(client: RedisClient): Store {
  const commands = createCommands(client)
  const store = { ...createRedisCache(commands), ...createRedisLimits(commands) }
  const { slotOf, masters } = commands
  const split = slotOf &&
    masters && { ...withClusterCache(store, { ...commands, slotOf, masters }), ...withClusterLimits(store) }
  return { kind: 'redis', ...store, ...split, ping: () => ping(commands), async close() {} }
}

export type { Store } from '../store.ts'
export type { IoredisClient, NodeRedisClient, NodeRedisCluster, NodeRedisSentinel, RedisClient } from './connection.ts'
