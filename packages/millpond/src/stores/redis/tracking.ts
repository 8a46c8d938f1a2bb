import { type Push, withChanges } from '../../cache/push.ts'
import { StoreUnavailableError } from '../../errors.ts'
import type { StoreKey } from '../../key.ts'

/** The part of an ioredis client (`new Redis()`) that tracking uses. */
export interface TrackedIoredis {
  call(command: string, ...args: (string | number)[]): Promise<unknown>
  readonly isCluster?: boolean
  readonly options?: { readonly keyPrefix?: string | undefined }
  duplicate(override: object): unknown
}

/** The part of a node-redis client (`createClient()`) that tracking uses. */
export interface TrackedNodeRedis {
  sendCommand(args: string[]): Promise<unknown>
  duplicate(override: object): unknown
}

/** A connection of its own: resolves `ready` when the server tells it of changes. */
interface Listening {
  readonly ready: Promise<void>
  close(): void
}

interface Listeners {
  readonly onChange: (keys: readonly StoreKey[] | undefined) => void
  readonly onLost: () => void
}

const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 5_000

/**
 * Client tracking of Redis 6 or later and Valkey: the server tells at once which entries and tags change, and the local tier drops what they concern, usually within a millisecond and not after the
 * whole `local` time. It is an accelerator: the bound that `local` states holds without it, also while its connection is away.
 *
 * It opens one connection of its own, a duplicate of the client, and never changes the one that it is given; `cache.close()` ends it. A single server, not a cluster; node-redis from 5.9. Whatever loads or stores an entry tells
 * every process, so it pays where values are read far more often than loaded.
 *
 * ```ts
 * import { Redis } from 'ioredis'
 * import { createCache } from 'millpond'
 * import { redis } from 'millpond/redis'
 * import { tracking } from 'millpond/tracking'
 *
 * const client = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379')
 * const cache = createCache({ store: redis(client), namespace: 'shop', push: tracking(client) })
 * const price = cache.define({ name: 'price', ttl: '5m', local: '2s', load: async () => 12 })
 * console.log((await price.get()).value) // 12
 *
 * cache.close() // when the process ends
 * client.disconnect()
 * ```
 *
 * @throws {TypeError} when `client` is of neither library, a cluster, or of node-redis before 5.9
 */
export function tracking(client: TrackedIoredis | TrackedNodeRedis): Push {
  const listen = toListen(client)
  return {
    attach(tier, { prefixes, mark, clock, report }) {
      const { local, changed } = withChanges(tier, mark)
      let stopped = false
      let current: Listening | undefined
      let cancel: (() => void) | undefined
      let pauseMs = FIRST_RETRY_MS

      function start(): void {
        cancel = undefined
        const onLost = () => {
          if (current !== listening) return
          current = undefined
          listening.close()
          if (stopped) return
          const error = new StoreUnavailableError('Cannot listen for changes: the connection failed')
          report({ type: 'store-error', operation: 'push', error })
          cancel = clock.after(pauseMs, start, { background: true })
          pauseMs = Math.min(pauseMs * 2, LONGEST_RETRY_MS)
        }
        const listening = listen(prefixes, { onChange: changed, onLost })
        current = listening
        listening.ready.then(() => {
          if (current !== listening) return
          pauseMs = FIRST_RETRY_MS
          // What changed while nobody listened was not heard.
          changed(undefined)
        }, onLost)
      }

      start()
      return {
        local,
        stop() {
          stopped = true
          cancel?.()
          current?.close()
        },
      }
    },
  }
}

type Listen = (prefixes: readonly string[], listeners: Listeners) => Listening

function toListen(client: TrackedIoredis | TrackedNodeRedis): Listen {
  const isObject = typeof client === 'object' && client !== null && typeof client.duplicate === 'function'
  const hasSentinels = isObject && 'getMasterNode' in client
  if (isObject && 'call' in client && client.isCluster !== true)
    return (prefixes, listeners) => listenOverIoredis(client, prefixes, listeners)
  if (
    isObject &&
    'sendCommand' in client &&
    !('getSlotRandomNode' in client) &&
    !('isCluster' in client) &&
    !hasSentinels
  ) {
    requirePushes(client)
    return (prefixes, listeners) => listenOverNodeRedis(client, prefixes, listeners)
  }
  const received =
    client === null ? 'null' : hasSentinels ? 'one with sentinels' : isObject ? 'a cluster' : typeof client
  throw new TypeError(
    `Cannot track changes: "client" must be a client of ioredis or node-redis for a single server, received ${received}`,
  )
}

/**
 * Before 5.9 the client keeps to itself what the server tells it. One that passes it on refuses to do so over protocol 2; without that it is older.
 *
 * @throws {TypeError} when it is older
 */
function requirePushes(client: TrackedNodeRedis): void {
  try {
    client.duplicate({ RESP: 2, emitInvalidate: true, clientSideCache: undefined })
  } catch {
    return
  }
  throw new TypeError('Cannot track changes: "client" of node-redis must be of 5.9 or later')
}

interface IoredisConnection {
  connect(): Promise<unknown>
  call(command: string, ...args: (string | number)[]): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  on(event: string, listener: (...args: unknown[]) => void): unknown
  disconnect(): void
}

/** Over protocol 2, in which the server sends invalidations as messages of a channel: ioredis passes on no pushes of protocol 3. */
function listenOverIoredis(client: TrackedIoredis, prefixes: readonly string[], listeners: Listeners): Listening {
  const keyPrefix = client.options?.keyPrefix ?? ''
  const connection = client.duplicate({
    // It would stand before the channel too.
    keyPrefix: '',
    lazyConnect: true,
    protocol: 2,
    retryStrategy: () => null,
    autoResubscribe: false,
  }) as IoredisConnection
  connection.on('error', () => {})
  connection.on('end', listeners.onLost)
  connection.on('messageBuffer', (_channel, keys) => listeners.onChange(readKeys(keys, keyPrefix)))
  const begin = async () => {
    await connection.connect()
    const id = await connection.call('CLIENT', 'ID')
    await connection.call(
      'CLIENT',
      'TRACKING',
      'ON',
      'REDIRECT',
      String(id),
      'BCAST',
      ...toOptions(prefixes, keyPrefix),
    )
    await connection.subscribe('__redis__:invalidate')
  }
  return { ready: begin(), close: () => connection.disconnect() }
}

interface NodeRedisConnection {
  connect(): Promise<unknown>
  sendCommand(args: string[]): Promise<unknown>
  on(event: string, listener: (...args: unknown[]) => void): unknown
  destroy(): void
}

/** Over protocol 3. The client begins to track by itself, but what it reads, not a prefix; so that is ended first. */
function listenOverNodeRedis(client: TrackedNodeRedis, prefixes: readonly string[], listeners: Listeners): Listening {
  const { options } = client as { readonly options?: { readonly socket?: object } }
  const connection = client.duplicate({
    RESP: 3,
    emitInvalidate: true,
    clientSideCache: undefined,
    socket: { ...options?.socket, reconnectStrategy: false },
  }) as NodeRedisConnection
  connection.on('error', listeners.onLost)
  connection.on('end', listeners.onLost)
  connection.on('invalidate', (key) => listeners.onChange(readKeys(key === null ? null : [key])))
  const begin = async () => {
    await connection.connect()
    await connection.sendCommand(['CLIENT', 'TRACKING', 'OFF'])
    await connection.sendCommand(['CLIENT', 'TRACKING', 'ON', 'BCAST', ...toOptions(prefixes)])
  }
  const close = () => {
    try {
      connection.destroy()
    } catch {
      // It was closed already.
    }
  }
  return { ready: begin(), close }
}

function toOptions(prefixes: readonly string[], keyPrefix = ''): string[] {
  return prefixes.flatMap((prefix) => ['PREFIX', keyPrefix + prefix])
}

/** The keys that changed; undefined when it may be any, as after FLUSHALL. */
function readKeys(keys: unknown, keyPrefix = ''): readonly StoreKey[] | undefined {
  return Array.isArray(keys) ? keys.map((key) => String(key).slice(keyPrefix.length) as StoreKey) : undefined
}
