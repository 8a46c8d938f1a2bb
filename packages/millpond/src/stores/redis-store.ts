import type { CacheStore } from '../cache/cache-store.ts'
import type { LimitStore } from '../limit/limit-store.ts'
import type { Commands } from './commands.ts'
import { createRedisCache } from './redis-cache.ts'
import { createRedisLimits } from './redis-limits.ts'

/** Both contracts over Redis commands. */
export function createRedisStore(commands: Commands): CacheStore & LimitStore & { ping(): Promise<void> } {
  return {
    ...createRedisCache(commands),
    ...createRedisLimits(commands),
    async ping() {
      await commands.send(['PING'])
    },
  }
}
