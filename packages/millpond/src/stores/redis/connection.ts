import { type Command, type Commands, toReplyError } from '../commands.ts'
import { toClusterSlot } from './cluster-slot.ts'
import { ConnectionFailedError, toFirstKey, withNodeBreakers } from './node-breakers.ts'

/** The part of an ioredis client (`new Redis()` or `new Cluster()`) that the store uses. */
export interface IoredisClient {
  readonly isCluster?: boolean
  readonly options?: {
    readonly keyPrefix?: string | undefined
    readonly role?: unknown
    readonly scaleReads?: unknown
    readonly host?: string | undefined
    readonly port?: number | undefined
  }
  /** Of a cluster, for each slot the addresses of its servers, the master's first. */
  readonly slots?: readonly (readonly string[] | undefined)[]
  nodes?(role: 'master'): IoredisClient[]
  call(command: string, ...args: (string | number)[]): Promise<unknown>
}

/** The part of a node-redis client (`createClient()`, `createClientPool()`) that the store uses. */
export interface NodeRedisClient {
  sendCommand(args: string[], options?: NodeRedisOptions): Promise<unknown>
}

/** The part of a node-redis client of a master that sentinels name (`createSentinel()`) that the store uses. */
export interface NodeRedisSentinel {
  getMasterNode(): unknown
  sendCommand(isReadonly: boolean | undefined, args: string[], options?: NodeRedisOptions): Promise<unknown>
}

/** The part of a node-redis cluster (`createCluster()`) that the store uses. */
export interface NodeRedisCluster {
  readonly masters: readonly unknown[]
  readonly slots?: readonly ({ readonly master?: { readonly address?: string } } | undefined)[]
  nodeClient(node: never): Promise<NodeRedisClient>
  getSlotRandomNode(slot: number): unknown
  sendCommand(
    firstKey: string | undefined,
    isReadonly: boolean | undefined,
    args: string[],
    options?: NodeRedisOptions,
  ): Promise<unknown>
}

/** The options of a node-redis command that the store sets. */
interface NodeRedisOptions {
  readonly typeMapping?: object
}

/** A connected client of one of the two libraries. */
export type RedisClient = IoredisClient | NodeRedisClient | NodeRedisSentinel | NodeRedisCluster

/** A client may be set up to give Buffers or other types: the store reads strings and numbers. */
const PLAIN_TYPES: NodeRedisOptions = { typeMapping: {} }

/**
 * Commands over a client, each of which sends what one tick issues as one write.
 *
 * @throws {TypeError} when it is not a client of either library, or one that reads from replicas
 */
export function createCommands(client: RedisClient): Commands {
  const { send, masters } = toSender(client)
  const isIoredis = 'call' in client
  const keyPrefix = isIoredis ? client.options?.keyPrefix : undefined
  const sendTo = (sender: Sender) => async (command: Command) => {
    try {
      return await sender(command)
    } catch (error) {
      throw toStoreError(command, error)
    }
  }
  // node-redis writes what it is given in one go, at the end of the tick too.
  const common = { atTickEnd: setImmediate, sendsAtOnce: isIoredis, ...(keyPrefix && { keyPrefix }) }
  if (!masters) {
    const isPool = 'totalClients' in client || 'getMasterNode' in client
    return { ...common, send: isPool ? inOrder(sendTo(send)) : sendTo(send) }
  }
  const nodeOf = (slot: number) => toMaster('slots' in client ? client.slots?.[slot] : undefined)
  return {
    ...common,
    send: withNodeBreakers(sendTo(send), nodeOf),
    slotOf: toClusterSlot,
    nodeOf,
    masters: async () => (await masters()).map((sender) => sender && sendTo(sender)),
  }
}

type Sender = (command: Command) => Promise<unknown>

/** The address of a slot's master, as the clients have it: ioredis by name, node-redis in an object. */
function toMaster(slot: readonly string[] | { readonly master?: { readonly address?: string } } | undefined) {
  return slot && 'master' in slot ? slot.master?.address : (slot as readonly string[] | undefined)?.[0]
}

/** A pool has several connections, and so may a client with sentinels, on which commands overtake each other: one that follows is not sent before the one that it follows is answered. */
function inOrder(send: Sender): Commands['send'] {
  let first: Promise<unknown> = Promise.resolve()
  return (command, follows = false) => {
    if (follows) return first.then(() => send(command))
    const reply = send(command)
    first = reply.catch(() => {})
    return reply
  }
}

/** How to send a command, and on a cluster how to send one to each master that has slots: undefined for one that the client has no connection to. */
function toSender(client: RedisClient): {
  send: Sender
  masters?: (() => Promise<readonly (Sender | undefined)[]>) | undefined
} {
  let received: string = client === null ? 'null' : typeof client
  if (typeof client === 'object' && client !== null) {
    if ('call' in client) {
      requireMaster(client, 'role')
      requireMaster(client, 'scaleReads')
      const send: Sender = ([name, ...args]) => client.call(name, ...args)
      if (client.isCluster !== true) return { send }
      return { send, masters: () => toMasters(client) }
    }
    if ('getSlotRandomNode' in client) {
      // Never from a replica: it may not know of an invalidation yet.
      const send: Sender = (command) => client.sendCommand(toFirstKey(command), false, command.map(String), PLAIN_TYPES)
      const toClient = async (node: unknown) => toSender(await client.nodeClient(node as never)).send
      return { send, masters: () => Promise.all(client.masters.map(toClient)) }
    }
    if ('getMasterNode' in client)
      return { send: (command) => client.sendCommand(false, command.map(String), PLAIN_TYPES) }
    // Of all that node-redis makes, only what `legacy()` gives emits nothing.
    if ('multi' in client && !('on' in client)) received = 'legacy()'
    else if ('sendCommand' in client) return { send: (command) => client.sendCommand(command.map(String), PLAIN_TYPES) }
  }
  throw new TypeError(
    `Cannot create a Redis store: "client" must be a client of ioredis or node-redis, received ${received}`,
  )
}

/** By the slots: the client's list of nodes is what it was told of until it knows them, and then leaves out a master whose connection ended. */
async function toMasters(client: IoredisClient): Promise<(Sender | undefined)[]> {
  if (!client.slots?.length) await client.call('PING')
  const nodes = client.nodes?.('master')
  return [...new Set(client.slots?.map(toMaster))].map((address) => {
    const node = nodes?.find(({ options }) => `${options?.host}:${options?.port}` === address)
    return node && toSender(node).send
  })
}

/** @throws {TypeError} when the client reads from replicas */
function requireMaster({ options }: IoredisClient, option: 'role' | 'scaleReads'): void {
  const value = options?.[option] ?? 'master'
  if (value === 'master') return
  const received = typeof value === 'string' ? `"${value}"` : typeof value
  throw new TypeError(
    `Cannot create a Redis store: "${option}" must be "master", received ${received}: a replica may not know of an invalidation yet`,
  )
}

/** The clients' errors may quote the command with its arguments; ours name the command and a code. */
function toStoreError([name]: Command, error: unknown): Error {
  const operation = name.toLowerCase()
  // ioredis calls them ReplyError; node-redis SimpleError, BlobError or ErrorReply.
  if (error instanceof Error && /^[A-Z][A-Z0-9_]* /.test(error.message)) return toReplyError(operation, error.message)
  const reason = error instanceof Error ? toCode(error) : 'unknown'
  return new ConnectionFailedError(`Cannot ${operation}: the connection failed (${reason})`)
}

function toCode(error: Error): string {
  if ('code' in error) return String(error.code)
  // node-redis gives its classes no names.
  return error.name === 'Error' ? error.constructor.name : error.name
}
