import KeyvRedis from '@keyv/redis'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis'
import { createCache as createCacheManager } from 'cache-manager'
import { Cacheable } from 'cacheable'
import { Redis } from 'ioredis'
import { Keyv } from 'keyv'
import { GroupLoader, Loader, RedisCache, RedisGroupCache } from 'layered-loader'
import { createCache, type Schema } from 'millpond'
import { redis } from 'millpond/redis'
import { tracking } from 'millpond/tracking'

/** A cached function with a library's own settings wherever the benchmark does not name one. */
export interface CachedFunction {
  readonly name: string
  get(id: string): Promise<unknown>
  /** Invalidates what has the tag; absent where the library has no tags. */
  invalidate?(tag: string): Promise<unknown>
  remove(id: string): Promise<unknown>
  close(): Promise<unknown>
}

export interface Setting {
  readonly url: string
  readonly load: (id: string) => Promise<unknown>
  /** The tags of an entry; none by default. */
  readonly tagsOf?: (id: string) => readonly string[]
  /** In front of Redis, how long values stay in memory, in milliseconds; not at all by default. */
  readonly localMs?: number
  /** Whether processes tell each other of invalidations: a bus, or client tracking. */
  readonly push?: boolean
  /** Ours only: all readers get one frozen value. */
  readonly frozen?: boolean
}

export type Contender = { readonly name: string; readonly open: (setting: Setting) => CachedFunction }

const HOUR_MS = 3_600_000
const none = (): readonly string[] => []

/** A Standard Schema that costs next to nothing, so that the cache is measured and not a schema library. */
export const text: Schema<string, string> = {
  '~standard': {
    version: 1,
    vendor: 'bench',
    validate: (value) => (typeof value === 'string' ? { value } : { issues: [{ message: 'must be a string' }] }),
  },
}

export const millpond: Contender = {
  name: 'millpond',
  open({ url, load, tagsOf = none, localMs, push = false, frozen = false }) {
    const client = new Redis(url)
    client.on('error', () => {})
    const cache = createCache({ store: redis(client), namespace: 'bench', ...(push && { push: tracking(client) }) })
    const local = localMs === undefined ? {} : { local: { for: localMs, frozen } }
    const value = cache.define({ name: 'value', ttl: HOUR_MS, input: text, tags: tagsOf, load, ...local })
    return {
      name: 'millpond',
      get: value.get,
      invalidate: (tag) => cache.invalidate([tag]),
      remove: (id) => value.delete(id),
      async close() {
        cache.close()
        client.disconnect()
      },
    }
  },
}

export const bentocache: Contender = {
  name: 'bentocache',
  open({ url, load, tagsOf = none, localMs, push = false }) {
    const connection = new Redis(url)
    connection.on('error', () => {})
    let layers = bentostore().useL2Layer(redisDriver({ connection, prefix: 'bench' }))
    if (localMs !== undefined) layers = layers.useL1Layer(memoryDriver({ maxItems: 10_000 }))
    if (push) layers = layers.useBus(redisBusDriver({ connection: { port: connection.options.port ?? 6379 } }))
    const cache = new BentoCache({ default: 'store', stores: { store: layers }, ttl: localMs ?? HOUR_MS })
    return {
      name: 'bentocache',
      get: (id) => cache.getOrSet({ key: id, tags: [...tagsOf(id)], factory: () => load(id) }),
      invalidate: (tag) => cache.deleteByTag({ tags: [tag] }),
      remove: (id) => cache.delete({ key: id }),
      async close() {
        await cache.disconnectAll().catch(() => {})
        connection.disconnect()
      },
    }
  },
}

export const cacheable: Contender = {
  name: 'cacheable',
  open({ url, load, tagsOf = none, localMs }) {
    const remote = new KeyvRedis(url)
    remote.on('error', () => {})
    const stores =
      localMs === undefined ? { primary: new Keyv({ store: remote }) } : { secondary: new Keyv({ store: remote }) }
    const tagged = tagsOf('').length > 0
    const ttl = localMs ?? HOUR_MS
    const cache = new Cacheable({ ...stores, ttl, tags: tagged })
    cache.on('error', () => {})
    return {
      name: 'cacheable',
      async get(id) {
        if (!tagged) return cache.getOrSet(id, () => load(id), { ttl })
        const found = await cache.get(id)
        if (found !== undefined) return found
        const value = await load(id)
        await cache.set(id, value, { ttl, tags: [...tagsOf(id)] })
        return value
      },
      invalidate: (tag) => cache.tags.invalidateTag(tag),
      remove: (id) => cache.delete(id),
      close: () => cache.disconnect(),
    }
  },
}

export const cacheManager: Contender = {
  name: 'cache-manager',
  open({ url, load, localMs }) {
    const remote = new KeyvRedis(url)
    remote.on('error', () => {})
    const stores = [...(localMs === undefined ? [] : [new Keyv({ ttl: localMs })]), new Keyv({ store: remote })]
    for (const store of stores) store.on('error', () => {})
    const cache = createCacheManager({ stores, ttl: localMs ?? HOUR_MS })
    return {
      name: 'cache-manager',
      get: (id) => cache.wrap(id, () => load(id)),
      remove: (id) => cache.del(id),
      close: () => cache.disconnect(),
    }
  },
}

/** Its groups stand for one tag. */
export const layeredLoader: Contender = {
  name: 'layered-loader',
  open({ url, load, tagsOf = none, localMs }) {
    const client = new Redis(url)
    client.on('error', () => {})
    const shared = { prefix: 'bench', json: true, ttlInMsecs: HOUR_MS }
    const inMemory =
      localMs === undefined
        ? {}
        : {
            inMemoryCache: {
              cacheType: 'lru-object',
              ttlInMsecs: localMs,
              maxItems: 10_000,
              maxGroups: 10_000,
            } as const,
          }
    const close = async () => client.disconnect()
    if (tagsOf('').length === 0) {
      const asyncCache = new RedisCache<unknown>(client, shared)
      const loader = new Loader<unknown>({ ...inMemory, asyncCache, dataSourceGetOneFn: load })
      return {
        name: 'layered-loader',
        get: (id) => loader.get(id),
        remove: (id) => loader.invalidateCacheFor(id),
        close,
      }
    }
    const asyncCache = new RedisGroupCache<unknown>(client, shared)
    const source = { name: 'origin', getFromGroup: (id: string) => load(id), getManyFromGroup: async () => [] }
    const loader = new GroupLoader<unknown>({
      ...(localMs === undefined
        ? {}
        : {
            inMemoryCache: {
              cacheType: 'lru-object',
              groupCacheType: 'lru-object',
              ttlInMsecs: localMs,
              maxItemsPerGroup: 10_000,
              maxGroups: 10_000,
            },
          }),
      asyncCache,
      dataSources: [source],
    })
    const groupOf = (id: string) => tagsOf(id)[0] ?? ''
    return {
      name: 'layered-loader',
      get: (id) => loader.get(id, groupOf(id)),
      invalidate: (tag) => loader.invalidateCacheForGroup(tag),
      remove: (id) => loader.invalidateCacheFor(id, groupOf(id)),
      close,
    }
  },
}

export const all: readonly Contender[] = [millpond, layeredLoader, cacheManager, cacheable, bentocache]
/** How many tags an entry may have. */
export const mostTags: Readonly<Record<string, number>> = { 'cache-manager': 0, 'layered-loader': 1 }
