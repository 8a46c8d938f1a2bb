import type { CacheStore } from '../cache/cache-store.ts'
import type { LimitStore } from '../limit/limit-store.ts'

/** What every store has, whatever it serves. */
export interface StoreConnection {
  readonly kind: 'memory' | 'redis' | 'upstash'
  /** Resolves when the store answers. One round trip. */
  ping(): Promise<void>
  /** Ends what the store itself began; a client that was passed in stays open. */
  close(): Promise<void>
}

/** A store that serves both a cache and a limiter. */
export interface Store extends StoreConnection, CacheStore, LimitStore {}
