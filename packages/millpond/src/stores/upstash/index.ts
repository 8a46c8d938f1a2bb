import type { CacheStore } from '../../cache/cache-store.ts'
import type { LimitStore } from '../../limit/limit-store.ts'
import { type Duration, toMilliseconds } from '../../time/duration.ts'
import type { Commands } from '../commands.ts'
import { ping } from '../ping.ts'
import { createRedisCache } from '../redis-cache.ts'
import { createRedisLimits } from '../redis-limits.ts'
import type { Store, StoreConnection } from '../store.ts'
import { readCredentials } from './credentials.ts'
import { createRestCommands } from './rest-commands.ts'

export interface UpstashOptions {
  /** The REST address of the database: `https://…` (or `http://…` of a server of your own). */
  readonly url: string
  readonly token: string
  /** After how long a request is given up; default 5 s. The deadlines of the cache and the limiter are shorter; this one frees the connection. */
  readonly timeout?: Duration
  readonly fetch?: typeof fetch
}

/**
 * A store over Upstash's REST protocol: Upstash itself, or `millpond-rest` in front of any Redis. What one tick asks leaves as one POST.
 *
 * ```ts
 * import { createCache } from 'millpond'
 * import { upstash } from 'millpond/upstash'
 *
 * const store = upstash({ url: 'https://eu1-example-1.upstash.io', token: 'AX0AASQg' })
 * const cache = createCache({ store, namespace: 'shop' })
 * ```
 *
 * @throws {TypeError} when the address is malformed, or the address or token is missing or still a placeholder
 */
export function upstash(options: UpstashOptions): Store {
  const commands = connect(options)
  return { ...createRedisCache(commands), ...createRedisLimits(commands), ...toConnection(commands) }
}

/** As `upstash`, for a cache alone: the scripts of the limits are not shipped. */
export function upstashCache(options: UpstashOptions): CacheStore & StoreConnection {
  const commands = connect(options)
  return { ...createRedisCache(commands), ...toConnection(commands) }
}

/** As `upstash`, for a limiter alone: the scripts of the cache are not shipped. */
export function upstashLimits(options: UpstashOptions): LimitStore & StoreConnection {
  const commands = connect(options)
  return { ...createRedisLimits(commands), ...toConnection(commands) }
}

function connect(options: UpstashOptions): Commands {
  const { url, token } = readCredentials(options)
  const timeoutMs = toMilliseconds(options.timeout ?? '5s', {
    action: 'Cannot create an Upstash store',
    name: 'timeout',
    maxMs: 600_000,
  })
  return createRestCommands({ url, token, timeoutMs, fetch: options.fetch ?? toOwnFetch(fetch) })
}

/** Next.js gives a `fetch` that keeps answers on disk where a route says so; with a kept answer an invalidation would not be seen. Its own is beside it. */
function toOwnFetch(given: typeof fetch & { readonly _nextOriginalFetch?: typeof fetch }): typeof fetch {
  return given._nextOriginalFetch ?? given
}

function toConnection(commands: Commands): StoreConnection {
  return { kind: 'upstash', ping: () => ping(commands), async close() {} }
}

export type { Store, StoreConnection } from '../store.ts'
