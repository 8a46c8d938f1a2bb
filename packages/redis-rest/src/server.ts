import { createAccesses } from './create-accesses.ts'
import type { AclUser } from './engine/acl-user.ts'
import { type ChildEvent, type ChildRedis, startChild } from './engine/child.ts'
import type { ConnectionEvent } from './engine/connection.ts'
import { createEngine, type StartedEngine } from './engine/create-engine.ts'
import type { RedisTlsOptions } from './engine/redis-tls.ts'
import { createReplyBytes } from './engine/reply-bytes.ts'
import { readTarget } from './engine/target.ts'
import { ConfigError } from './errors.ts'
import { createAuthorize } from './http/authorize.ts'
import { createCors } from './http/cors.ts'
import { createEventStreams } from './http/event-streams.ts'
import { createHandler } from './http/handler.ts'
import { healthAnswer } from './http/health.ts'
import { type Listening, listen, type TlsOptions } from './http/listen.ts'
import { createMetrics } from './http/metrics.ts'
import { createTableSource } from './protocol/limited-executor.ts'
import { readTokens, type TokenOptions } from './tokens.ts'

/** What happens behind the endpoint. Carries no keys, values or tokens. */
export type ServerEvent = ConnectionEvent | ChildEvent

export interface ServerOptions {
  /**
   * URL of a Redis or Valkey, or of any node of a cluster: `redis://`, `valkey://`, or with TLS `rediss://`, `valkeys://`. Without it
   * the installed redis-server or valkey-server is started.
   */
  readonly redis?: string | undefined
  /** How the certificate of `redis` is checked; only for a URL with TLS. */
  readonly redisTls?: RedisTlsOptions | undefined
  /** Folder in which the Redis that is started here keeps its data; without it they are in memory only. */
  readonly data?: string | undefined
  /** What clients must send: one token or several, each without or with limits. Without it a random one is made. */
  readonly token?: string | TokenOptions | readonly (string | TokenOptions)[] | undefined
  /** Default 127.0.0.1: only this machine. */
  readonly host?: string | undefined
  /** 0 to 65535; 0, the default, takes any free port. */
  readonly port?: number | undefined
  /** Serves HTTPS with this key and certificate, in PEM. */
  readonly tls?: TlsOptions | undefined
  /** Origins of pages that browsers may let use the server, such as `https://app.example`; `*` for any. Default none. */
  readonly cors?: readonly string[] | undefined
  /** A command without a reply from Redis is answered with an error after this time. Milliseconds, > 0, default 5000. */
  readonly commandTimeoutMs?: number | undefined
  /**
   * How many bytes of replies may be held at once, from when Redis sent them until the answers were written out; a reply beyond that
   * is dropped and answered with 503. The memory of the process grows by up to about three times as much. 1 to 2^40, default
   * 268435456 (256 MiB).
   */
  readonly maxReplyBytes?: number | undefined
  /** How long `close` lets running requests go on. Milliseconds, >= 0, default 10000. */
  readonly drainMs?: number | undefined
  readonly onEvent?: ((event: ServerEvent) => void) | undefined
}

export interface EngineInfo {
  readonly kind: 'child' | 'external'
  /** Of the child process; it changes when the process had to be started again, and is undefined in between. */
  readonly pid?: number | undefined
  /** Without user and password. */
  readonly url: string
}

export interface RestServer {
  readonly url: string
  /** The first token. */
  readonly token: string
  readonly port: number
  readonly engine: EngineInfo
  /** Answers what is running, then stops the HTTP server, the connection and the child process. Safe to call twice. */
  close(): Promise<void>
}

const defaultTimeoutMs = 5_000
const defaultReplyBytes = 256 * 1024 * 1024

function assertWithin(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw new ConfigError(`Cannot create server: "${name}" must be an integer from ${min} to ${max}, received ${value}`)
}

function assertOptions(options: ServerOptions): void {
  const { redis, data, host, cors = [], port = 0, commandTimeoutMs = 1, maxReplyBytes = 1, drainMs = 0 } = options
  // Node.js would take every interface for the one, and the current folder for the other.
  for (const [name, text] of Object.entries({ host, data })) {
    if (text === '') throw new ConfigError(`Cannot create server: "${name}" must not be empty`)
  }
  assertWithin('port', port, 0, 65_535)
  assertWithin('commandTimeoutMs', commandTimeoutMs, 1, 3_600_000)
  assertWithin('maxReplyBytes', maxReplyBytes, 1, 2 ** 40)
  assertWithin('drainMs', drainMs, 0, 3_600_000)
  if (redis !== undefined) readTarget(redis, options.redisTls)
  else if (options.redisTls !== undefined) {
    throw new ConfigError('Cannot create server: "redisTls" is for the Redis that "redis" names')
  }
  if (redis !== undefined && data !== undefined) {
    throw new ConfigError('Cannot create server: "data" is for the Redis that is started here, "redis" names another')
  }
  const bad = cors.find((origin) => origin !== '*' && (!URL.canParse(origin) || new URL(origin).origin !== origin))
  if (bad === undefined) return
  throw new ConfigError(`Cannot create server: an origin must look like https://app.example, received "${bad}"`)
}

function withoutCredentials(url: string): string {
  const parsed = new URL(url)
  parsed.username = ''
  parsed.password = ''
  return parsed.href
}

function describeEngine(child: ChildRedis | undefined, url: string): EngineInfo {
  if (child === undefined) return { kind: 'external', url: withoutCredentials(url) }
  return {
    kind: 'child',
    url,
    get pid() {
      return child.pid
    },
  }
}

function toUrl(scheme: string, host: string, port: number): string {
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `${scheme}://${shown.includes(':') ? `[${shown}]` : shown}:${port}`
}

interface Front {
  listening(): Promise<Listening>
  /** Drops the connections that single tokens have. */
  close(): Promise<void>
  /** Ends what would keep the HTTP server from closing. */
  endStreams(): void
}

/** Everything between HTTP and the engine. */
function createFront(
  engine: StartedEngine,
  options: ServerOptions,
  tokens: ReturnType<typeof readTokens>,
  counts: { losses: number; tables: ReturnType<typeof createTableSource>; isDraining: boolean },
): Front {
  const { host = '127.0.0.1', port = 0, tls, cors: origins = [], commandTimeoutMs = defaultTimeoutMs } = options
  const idleTimeoutMs = commandTimeoutMs + 120_000
  const metrics = createMetrics()
  const replies = createReplyBytes(options.maxReplyBytes ?? defaultReplyBytes)
  const openAs = (becomes: AclUser): StartedEngine =>
    createEngine({ target: { ...engine.target(), becomes }, commandTimeoutMs, onEvent: () => undefined })
  const accesses = createAccesses({ tokens, engine, tables: counts.tables, openAs })
  const cors = createCors(origins)
  const streams = createEventStreams(() => engine.target())
  const handler = createHandler({
    authorize: createAuthorize(accesses.byToken),
    streams,
    openReplies: replies.open,
    answerOpenly: (request, path) =>
      cors.preflight(request) ?? (path === '/health' ? healthAnswer(engine, counts.isDraining) : undefined),
    writeMetrics: () =>
      metrics.write({
        isEngineUp: engine.trouble() === undefined,
        streams: streams.count,
        engineLosses: counts.losses,
        replyBytes: replies.held,
      }),
    corsHeaders: cors.headers,
    onAnswer: metrics.record,
  })
  return {
    listening: () => listen(handler, { host, port, tls, idleTimeoutMs }),
    close: accesses.close,
    endStreams: streams.close,
  }
}

/**
 * Serves the Upstash REST protocol in front of a Redis or Valkey, and resolves when it listens. A Redis that is given by URL
 * need not run yet: until it does, requests are answered with 503 and an error.
 *
 * Rejects with `ConfigError` (a bad option), `RedisMissingError` (no URL, and no redis-server installed), `RedisStartError` or
 * `ListenError` (port in use); then nothing is left running.
 *
 * ```ts
 * import { Redis } from '@upstash/redis'
 * import { createServer } from 'millpond-rest'
 *
 * const server = await createServer()
 * const redis = new Redis({ url: server.url, token: server.token })
 * await redis.set('greeting', 'hello', { ex: 60 })
 * console.log(await redis.get('greeting')) // hello
 * await server.close()
 * ```
 */
export async function createServer(options: ServerOptions = {}): Promise<RestServer> {
  const {
    host = '127.0.0.1',
    commandTimeoutMs = defaultTimeoutMs,
    drainMs = 10_000,
    onEvent = () => undefined,
  } = options
  const tokens = readTokens(options.token)
  assertOptions(options)

  const child = options.redis === undefined ? await startChild(onEvent, options.data) : undefined
  const redisUrl = child?.url ?? options.redis ?? ''
  const notify = (event: ServerEvent): void => {
    if (event.type === 'engine-ready') counts.tables.forget()
    if (event.type === 'engine-lost') counts.losses += 1
    onEvent(event)
  }
  const engine = createEngine({ target: readTarget(redisUrl, options.redisTls), commandTimeoutMs, onEvent: notify })
  const counts = { losses: 0, tables: createTableSource(engine), isDraining: false }
  const front = createFront(engine, options, tokens, counts)
  const closeEngine = async (): Promise<void> => {
    await Promise.all([engine.close(), front.close()])
    await child?.close()
  }
  let http: Listening
  try {
    await engine.firstAttempt()
    http = await front.listening()
  } catch (error) {
    await closeEngine()
    throw error
  }

  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    if (closing !== undefined) return closing
    counts.isDraining = true
    closing = http.close(drainMs).then(closeEngine)
    front.endStreams()
    return closing
  }
  return {
    url: toUrl(options.tls === undefined ? 'http' : 'https', host, http.port),
    token: tokens[0].token,
    port: http.port,
    engine: describeEngine(child, redisUrl),
    close,
  }
}
