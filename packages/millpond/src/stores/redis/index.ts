import { StoreUnavailableError } from '../../errors.ts'
import { type Command, type Commands, toReplyError } from '../commands.ts'
import { createRedisStore } from '../redis-store.ts'
import type { Store } from '../store.ts'

/** The part of an ioredis client that the store uses. */
export interface RedisClient {
  call(command: string, ...args: (string | number)[]): Promise<unknown>
  /** True of a cluster's client: the keys of one command must share a slot. */
  readonly isCluster?: boolean
}

/**
 * A store on a Redis or Valkey (6.2 or later) that an ioredis client is connected to. The client stays yours: it is never closed, and its own retries and
 * offline queue are bounded by the deadlines of the cache and the limiter.
 *
 * @throws {TypeError} when `client` is not an ioredis client
 */
export function redis(client: RedisClient): Store {
  if (typeof client?.call !== 'function') {
    throw new TypeError(
      `Cannot create a Redis store: "client" must be an ioredis client, received ${client === null ? 'null' : typeof client}`,
    )
  }
  return { kind: 'redis', ...createRedisStore(createCommands(client)), async close() {} }
}

/** Commands over an ioredis client, which sends what one tick issues as one write. */
export function createCommands(client: RedisClient): Commands {
  return {
    async send(command) {
      const [name, ...args] = command
      try {
        return await client.call(name, ...args)
      } catch (error) {
        throw toStoreError(command, error)
      }
    },
    atTickEnd: setImmediate,
    cluster: client.isCluster === true,
  }
}

/** The client's errors quote the command with its arguments; ours name the command and the code. */
function toStoreError([name]: Command, error: unknown): Error {
  const operation = name.toLowerCase()
  if (error instanceof Error && error.name === 'ReplyError') {
    return toReplyError(operation, error.message)
  }
  const reason = error instanceof Error ? ('code' in error ? String(error.code) : error.name) : 'unknown'
  return new StoreUnavailableError(`Cannot ${operation}: the connection failed (${reason})`)
}

export type { Store } from '../store.ts'
