import { Redis, ReplyError, Command as WireCommand } from 'ioredis'
import { ConfigError } from '../errors.ts'
import type { Command } from '../protocol/command.ts'
import type { Engine } from './engine.ts'
import type { Outcome, Reply } from './reply.ts'

export type ConnectionEvent =
  | { readonly type: 'engine-ready' }
  | { readonly type: 'engine-lost'; readonly reason: string }

export interface ConnectionOptions {
  /** redis:// or rediss://, with optional user, password and database number. */
  readonly url: string
  /** A command without a reply after this time becomes `unavailable`. Milliseconds, > 0. */
  readonly commandTimeoutMs: number
  readonly onEvent: (event: ConnectionEvent) => void
}

/** Above this many unsent bytes Redis does not keep up, and taking more would only grow memory. */
const maxUnsentBytes = 64 * 1024 * 1024

/** Throws {@link ConfigError} unless `url` is a redis:// or rediss:// URL with a host. Never repeats a password. */
export function assertRedisUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const isRedis = parsed?.protocol === 'redis:' || parsed?.protocol === 'rediss:'
  if (isRedis && parsed.hostname !== '') return
  const received = parsed === undefined ? 'a text that is not a URL' : `"${parsed.protocol}//${parsed.host}"`
  throw new ConfigError(`Cannot connect to Redis: the URL must look like redis://host:6379, received ${received}`)
}

function createClient(options: ConnectionOptions): Redis {
  return new Redis(options.url, {
    protocol: 2,
    stringNumbers: true,
    connectionName: 'millpond-rest',
    disableClientInfo: true,
    connectTimeout: 3_000,
    // A peer that vanished without a word is noticed here; the commands themselves were answered long before.
    socketTimeout: options.commandTimeoutMs * 2,
    retryStrategy: (attempt) => Math.min(25 * 2 ** Math.min(attempt, 10), 500),
    // Nothing waits in line and nothing is sent twice: a request gets its answer now, and a write may have run.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  })
}

function toOutcome(error: unknown): Outcome {
  if (error instanceof ReplyError && error instanceof Error) return { kind: 'error', message: error.message }
  return {
    kind: 'unavailable',
    message: 'ERR the connection to Redis was lost before the reply: the command may or may not have run',
  }
}

/** Fills the outcomes of one batch and calls back once: when all are there, or when the time is up. */
function collect(count: number, timeoutMs: number, done: (outcomes: readonly Outcome[]) => void): Collector {
  const timedOut: Outcome = {
    kind: 'unavailable',
    message: `ERR no reply from Redis within ${timeoutMs} ms: the command may or may not have run`,
  }
  const outcomes: Outcome[] = new Array<Outcome>(count).fill(timedOut)
  let missing = count
  let isDone = false
  const finish = (): void => {
    if (isDone) return
    isDone = true
    clearTimeout(timer)
    done(outcomes)
  }
  const timer = setTimeout(finish, timeoutMs)
  return (index, outcome) => {
    if (isDone) return
    outcomes[index] = outcome
    missing -= 1
    if (missing === 0) finish()
  }
}

type Collector = (index: number, outcome: Outcome) => void

function write(client: Redis, command: Command, settle: (outcome: Outcome) => void): void {
  // In capitals none of ioredis' per-command conversions applies, so replies keep the shape Redis gave them.
  const wire = new WireCommand(command.name.toUpperCase(), [...command.args], { replyEncoding: null })
  Promise.resolve(client.sendCommand(wire)).then(
    (reply) => settle({ kind: 'reply', reply: reply as Reply }),
    (error: unknown) => settle(toOutcome(error)),
  )
}

/**
 * One connection shared by all requests. It reconnects by itself; while it is down every command is answered `unavailable` at
 * once. Throws {@link ConfigError} on a malformed URL.
 */
export function createConnection(options: ConnectionOptions): Engine & { firstAttempt(): Promise<void> } {
  assertRedisUrl(options.url)
  const client = createClient(options)
  let reason = 'connecting'
  let wasReady = false
  client.on('error', (error: NodeJS.ErrnoException) => {
    reason = error.code ?? error.message
  })
  client.on('ready', () => {
    wasReady = true
    reason = 'the connection was closed'
    options.onEvent({ type: 'engine-ready' })
  })
  client.on('close', () => {
    if (wasReady) options.onEvent({ type: 'engine-lost', reason })
    wasReady = false
  })

  const refusal = (): string | undefined => {
    if (client.status !== 'ready') return `ERR Redis is not reachable (${reason}): the command did not run`
    if (client.stream.writableLength > maxUnsentBytes) return 'ERR Redis does not keep up: the command did not run'
    return undefined
  }

  const send = (commands: readonly Command[]): Promise<readonly Outcome[]> => {
    const message = refusal()
    if (message !== undefined) return Promise.resolve(commands.map(() => ({ kind: 'unavailable', message })))
    if (commands.length === 0) return Promise.resolve([])
    return new Promise((resolve) => {
      const settle = collect(commands.length, options.commandTimeoutMs, resolve)
      // One system call for everything that is written in this turn of the event loop.
      const { stream } = client
      stream.cork()
      process.nextTick(() => stream.uncork())
      for (const [index, command] of commands.entries()) write(client, command, (outcome) => settle(index, outcome))
    })
  }

  const firstAttempt = (): Promise<void> =>
    new Promise((resolve) => {
      client.once('ready', resolve)
      client.once('close', resolve)
    })

  const close = async (): Promise<void> => {
    wasReady = false
    client.disconnect()
  }

  return { send, firstAttempt, close }
}
