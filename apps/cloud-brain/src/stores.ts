import { setTimeout as delay } from 'node:timers/promises'
import { type Cache, type CacheStore, createCache, type Duration, disabled, type Store } from 'millpond'
import { memory } from 'millpond/memory'
import { redis } from 'millpond/redis'
import { seal } from 'millpond/seal'
import { upstash } from 'millpond/upstash'
import type { Config } from './config.ts'
import type { SealingKey } from './seal.ts'
import { StartupError } from './startup-error.ts'

const CONNECT_TIMEOUT_MS = 1000
/** A connection that leaves a command unanswered for so long is dead, although nobody said so. */
const SOCKET_TIMEOUT_MS = 1000
const LONGEST_RECONNECT_MS = 200

/** What the cache keeps its entries in, and what it is called. */
export type NamedCacheStore = CacheStore & { readonly kind: string }

/** The stores of one process. `CACHE=off` disables the cache's only; requests are limited all the same. */
export type Stores = { cache: NamedCacheStore; limits: Store; close(): Promise<void> }

/**
 * Opens the configured stores. A server that is away does not keep the service from starting.
 *
 * @throws StartupError when the URL or token is not usable
 */
export async function openStores(config: Pick<Config, 'store' | 'caching'>): Promise<Stores> {
  const { store, close } = await openStore(config.store)
  const cache = config.caching ? store : disabled()
  return { cache, limits: store, close }
}

/** Builds the cache; user ids stand in keys only as an HMAC under `keySecret`. */
export function createApiCache(options: {
  store: NamedCacheStore
  keySecret: string
  /** With keys, values are encrypted (AES-256-GCM); new ones with the first key. */
  encryptionKeys?: readonly [SealingKey, ...SealingKey[]] | undefined
  /** How long one operation may wait for the store; default 150 ms. */
  deadline?: Duration | undefined
}): Cache {
  const { encryptionKeys, ...rest } = options
  return createCache({
    ...rest,
    namespace: 'cloud-brain',
    seal: encryptionKeys && seal({ encryption: toEncryption(encryptionKeys) }),
  })
}

function toEncryption(keys: readonly [SealingKey, ...SealingKey[]]) {
  return {
    current: keys[0].id,
    keys: Object.fromEntries(keys.map(({ id, key }) => [id, Buffer.from(key).toString('base64')])),
  }
}

async function openStore(config: Config['store']): Promise<{ store: Store; close(): Promise<void> }> {
  switch (config.kind) {
    case 'memory': {
      const store = memory()
      return { store, close: () => store.close() }
    }
    case 'upstash': {
      const store = readUpstash(config)
      // Its first answer takes a connection and TLS, which is more than a take or a read may wait for: the first users would be served without it.
      await Promise.race([store.ping().catch(() => {}), delay(CONNECT_TIMEOUT_MS, undefined, { ref: false })])
      return { store, close: () => store.close() }
    }
    case 'redis':
      return openRedis(config.url)
    default:
      return config satisfies never
  }
}

function readUpstash({ url, token }: { url: string; token: string }) {
  try {
    return upstash({ url, token })
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) {
      throw new StartupError(`Cannot start Cloud Brain: ${error.message}`, { cause: error })
    }
    throw error
  }
}

/**
 * Milliseconds until the given attempt, from 1, to reconnect to Redis: at most 250, up to 50 of them at random. The client's own way grows to 2 s, and the cache's breaker, which
 * asks once a second, would find no connection at its first try and wait for another.
 */
export function toReconnectMs(attempt: number): number {
  return Math.min(attempt * 50, LONGEST_RECONNECT_MS) + Math.random() * 50
}

async function openRedis(url: string): Promise<{ store: Store; close(): Promise<void> }> {
  const { Redis } = await import('ioredis')
  const client = new Redis(url, {
    lazyConnect: true,
    // What a broken connection leaves unanswered is rejected at once. It may have run: sent again, a refund could give back too much.
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    retryStrategy: toReconnectMs,
  })
  // The cache reports an outage as a bypass; without a listener ioredis prints every failed attempt.
  client.on('error', () => {})
  // A server that is away is connected to once it is back; until then answers come from the database.
  await client.connect().catch(() => {})
  const store = redis(client)
  return {
    store,
    close: async () => {
      await store.close()
      client.disconnect()
    },
  }
}
