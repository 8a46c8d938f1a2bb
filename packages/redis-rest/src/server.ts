import { randomBytes } from 'node:crypto'
import { type ChildEvent, type ChildRedis, startChild } from './engine/child.ts'
import { assertRedisUrl, type ConnectionEvent, createConnection } from './engine/connection.ts'
import { ConfigError } from './errors.ts'
import { createAuthorize } from './http/authorize.ts'
import { createHandler } from './http/handler.ts'
import { type Listening, listen } from './http/listen.ts'
import { createExecutor } from './protocol/executor.ts'
import { createScriptFlags } from './protocol/script-flags.ts'

/** What happens behind the endpoint. Carries no keys, values or tokens. */
export type ServerEvent = ConnectionEvent | ChildEvent

export interface ServerOptions {
  /** redis:// or rediss:// URL. Without it the installed redis-server or valkey-server is started, in memory only. */
  readonly redis?: string | undefined
  /** The token clients must send, or several. Without it a random one is made. Printable ASCII without spaces. */
  readonly token?: string | readonly string[] | undefined
  /** Default 127.0.0.1: only this machine. */
  readonly host?: string | undefined
  /** 0 to 65535; 0, the default, takes any free port. */
  readonly port?: number | undefined
  /** A command without a reply from Redis is answered with an error after this time. Milliseconds, > 0, default 5000. */
  readonly commandTimeoutMs?: number | undefined
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

/** How long `close` waits for running requests before it drops them. */
const graceMs = 10_000

function readTokens(token: string | readonly string[] | undefined): readonly [string, ...string[]] {
  const given =
    token === undefined ? [randomBytes(24).toString('base64url')] : typeof token === 'string' ? [token] : token
  const [first, ...others] = given
  if (first === undefined) throw new ConfigError('Cannot create server: "token" is an empty list')
  if (!given.every((text) => /^[\x21-\x7e]+$/.test(text))) {
    throw new ConfigError('Cannot create server: a token must be printable ASCII without spaces, and not empty')
  }
  return [first, ...others]
}

function assertWithin(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw new ConfigError(`Cannot create server: "${name}" must be an integer from ${min} to ${max}, received ${value}`)
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

function toUrl(host: string, port: number): string {
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`
}

/**
 * Serves the Upstash REST protocol in front of a Redis or Valkey, and resolves when it listens. A Redis that is given by URL
 * need not run yet: until it does, requests are answered with 503 and an error.
 *
 * Rejects with `ConfigError` (a bad option), `RedisMissingError` (no URL, and no redis-server installed), `RedisStartError` or
 * `ListenError` (port in use); then nothing is left running.
 *
 * @example
 * const server = await createServer()
 * const redis = new Redis({ url: server.url, token: server.token })   // from '@upstash/redis'
 * await server.close()
 */
export async function createServer(options: ServerOptions = {}): Promise<RestServer> {
  const { host = '127.0.0.1', port = 0, commandTimeoutMs = 5_000, onEvent = () => undefined } = options
  const tokens = readTokens(options.token)
  assertWithin('port', port, 0, 65_535)
  assertWithin('commandTimeoutMs', commandTimeoutMs, 1, 3_600_000)
  if (options.redis !== undefined) assertRedisUrl(options.redis)

  const child = options.redis === undefined ? await startChild(onEvent) : undefined
  const redisUrl = child?.url ?? options.redis ?? ''
  const connection = createConnection({ url: redisUrl, commandTimeoutMs, onEvent })
  const closeEngine = async (): Promise<void> => {
    await connection.close()
    await child?.close()
  }
  let http: Listening
  try {
    await connection.firstAttempt()
    const executor = createExecutor(connection, createScriptFlags())
    http = await listen(createHandler({ authorize: createAuthorize(tokens), executor }), host, port)
  } catch (error) {
    await closeEngine()
    throw error
  }

  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= http.close(graceMs).then(closeEngine)
    return closing
  }
  return {
    url: toUrl(host, http.port),
    token: tokens[0],
    port: http.port,
    engine: describeEngine(child, redisUrl),
    close,
  }
}
