import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { isCertificates, type RedisTlsOptions } from './engine/redis-tls.ts'
import { ConfigError } from './errors.ts'
import type { TlsOptions } from './http/listen.ts'
import type { TokenOptions } from './tokens.ts'

/** What the command line asks for. */
export type Config =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'serve'
      readonly redis: string | undefined
      readonly redisTls: RedisTlsOptions | undefined
      readonly data: string | undefined
      readonly token: string | readonly (string | TokenOptions)[] | undefined
      readonly host: string
      readonly port: number
      readonly tls: TlsOptions | undefined
      readonly cors: readonly string[]
      readonly commandTimeoutMs: number
      readonly maxReplyBytes: number
      readonly drainMs: number
      readonly json: boolean
    }

const defaultPort = 8079

export const help = `Usage: millpond-rest [options]

Serves the Upstash REST protocol in front of a Redis or Valkey.

  --redis URL             redis:// or valkey:// URL, rediss:// or valkeys:// for TLS, of
                          one server or of any node of a cluster; without it the
                          installed redis-server or valkey-server is started
  --redis-ca FILE         certificates in PEM of the authorities that may have signed that
                          of Redis, instead of those that Node.js knows (or
                          MILLPOND_REST_REDIS_CA)
  --redis-tls-insecure    do not check the certificate of Redis: encrypted, to whoever
                          answers (or MILLPOND_REST_REDIS_TLS_INSECURE=1)
  --data FOLDER           where the Redis that is started keeps its data; without it
                          they are in memory only
  --token TEXT            token that clients must send (or MILLPOND_REST_TOKEN, which
                          other users of this machine cannot see); without it a
                          random one
  --read-only-token TEXT  token for commands that only read (or
                          MILLPOND_REST_READ_ONLY_TOKEN)
  --tokens FILE           more tokens, as JSON: [{"token":…,"readOnly":true,"prefix":…}]
  --port N                port to listen on, 0 for any free one (default ${defaultPort})
  --host NAME             address to listen on (default 127.0.0.1)
  --tls-key FILE          serve HTTPS with this key,
  --tls-cert FILE         and this certificate, both in PEM
  --cors ORIGIN           origin of pages that browsers may let in, * for any;
                          may be given more than once
  --timeout MS            answer a command without a reply after this time (default 5000)
  --max-reply-bytes N     hold at most so many bytes of replies that wait to be written
                          out (default 268435456, 256 MiB)
  --drain MS              let running requests end this long when stopped (default 10000)
  --json                  print one line {"url":…,"token":…,"redis":…} when ready
  --help                  print this
  --version               print the version

GET /health needs no token; GET /metrics (for Prometheus) needs one without limits.
`

const flags = {
  redis: { type: 'string' },
  'redis-ca': { type: 'string' },
  'redis-tls-insecure': { type: 'boolean' },
  data: { type: 'string' },
  token: { type: 'string' },
  'read-only-token': { type: 'string' },
  tokens: { type: 'string' },
  port: { type: 'string' },
  host: { type: 'string' },
  'tls-key': { type: 'string' },
  'tls-cert': { type: 'string' },
  cors: { type: 'string', multiple: true },
  timeout: { type: 'string' },
  'max-reply-bytes': { type: 'string' },
  drain: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
  version: { type: 'boolean' },
} as const

type Env = Readonly<Record<string, string | undefined>>

function fail(reason: string): never {
  throw new ConfigError(`Cannot read the command line: ${reason}`)
}

function readFlags(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: flags, allowPositionals: false }).values
  } catch (error) {
    const [reason = 'unknown'] = (error instanceof Error ? error.message : String(error)).split(/[.\n]/)
    return fail(`${reason.replace('argument is ambiguous', 'needs a value')}; see --help`)
  }
}

type Flags = ReturnType<typeof readFlags>

function readInteger(name: string, text: string | undefined, fallback: number, max: number, min = 0): number {
  if (text === undefined) return fallback
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  return fail(`--${name} must be an integer from ${min} to ${max}, received "${text}"`)
}

function readText(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return fail(`${name} must name a file that can be read, received "${path}" (${code})`)
  }
}

function isTokenOptions(value: unknown): value is TokenOptions {
  return typeof value === 'object' && value !== null && 'token' in value && typeof value.token === 'string'
}

/** The parser's own message would show a part of the file, and so of a token. */
function readTokenFile(path: string | undefined): readonly TokenOptions[] {
  if (path === undefined) return []
  const text = readText('--tokens', path)
  try {
    const list: unknown = JSON.parse(text)
    if (Array.isArray(list) && list.length > 0 && list.every(isTokenOptions)) return list
  } catch {}
  return fail('--tokens names a file that is not a JSON array of objects with a "token"')
}

function notEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

function readTokens(values: Flags, env: Env): string | readonly (string | TokenOptions)[] | undefined {
  const token = values.token ?? notEmpty(env.MILLPOND_REST_TOKEN)
  const readOnly = values['read-only-token'] ?? notEmpty(env.MILLPOND_REST_READ_ONLY_TOKEN)
  const others = [
    ...readTokenFile(values.tokens),
    ...(readOnly === undefined ? [] : [{ token: readOnly, readOnly: true }]),
  ]
  if (others.length === 0) return token
  if (token !== undefined) return [token, ...others]
  if (values.tokens !== undefined) return others
  return fail('--read-only-token needs --token too')
}

function readTls(values: Flags): TlsOptions | undefined {
  const key = values['tls-key']
  const cert = values['tls-cert']
  if (key === undefined && cert === undefined) return undefined
  if (key === undefined || cert === undefined) return fail('--tls-key and --tls-cert go together')
  return { key: readText('--tls-key', key), cert: readText('--tls-cert', cert) }
}

/** A setting, and where it was given. */
interface Given {
  readonly name: string
  readonly text: string
}

function readGiven(flag: keyof Flags, values: Flags, variable: string, env: Env): Given | undefined {
  const value = values[flag]
  if (value !== undefined) return { name: `--${flag}`, text: String(value) }
  const text = notEmpty(env[variable])
  return text === undefined ? undefined : { name: variable, text }
}

function readInsecure(values: Flags, env: Env): Given | undefined {
  const given = readGiven('redis-tls-insecure', values, 'MILLPOND_REST_REDIS_TLS_INSECURE', env)
  if (given === undefined || given.text === '0') return undefined
  if (given.text === '1' || given.text === 'true') return given
  return fail(`${given.name} must be 1 or 0, received "${given.text}"`)
}

function assertTlsUrl({ name }: Given, redis: string | undefined): void {
  if (redis === undefined) fail(`${name} needs --redis with a rediss:// or valkeys:// URL`)
  // What else may be wrong with it is said where it is used.
  const { protocol, host } = URL.canParse(redis) ? new URL(redis) : { protocol: 'rediss:', host: '' }
  if (protocol !== 'redis:' && protocol !== 'valkey:') return
  fail(`${name} needs --redis with a rediss:// or valkeys:// URL, received "${protocol}//${host}"`)
}

function readRedisTls(values: Flags, env: Env): RedisTlsOptions | undefined {
  const file = readGiven('redis-ca', values, 'MILLPOND_REST_REDIS_CA', env)
  const insecure = readInsecure(values, env)
  const given = file ?? insecure
  if (given === undefined) return undefined
  assertTlsUrl(given, values.redis)
  if (file === undefined) return { insecure: true }
  if (insecure !== undefined) return fail(`${file.name} and ${insecure.name} exclude each other`)
  const ca = readText(file.name, file.text)
  if (isCertificates(ca)) return { ca }
  return fail(`${file.name} must name a file of certificates in PEM, received "${file.text}"`)
}

/** Reads arguments and environment, once, at the start. Throws {@link ConfigError}. */
export function readConfig(argv: readonly string[], env: Env): Config {
  const values = readFlags(argv)
  if (values.help === true) return Object.freeze({ kind: 'help' })
  if (values.version === true) return Object.freeze({ kind: 'version' })
  return Object.freeze({
    kind: 'serve',
    redis: values.redis,
    redisTls: readRedisTls(values, env),
    data: values.data,
    token: readTokens(values, env),
    host: values.host ?? '127.0.0.1',
    port: readInteger('port', values.port, defaultPort, 65_535),
    tls: readTls(values),
    cors: values.cors ?? [],
    commandTimeoutMs: readInteger('timeout', values.timeout, 5_000, 3_600_000, 1),
    maxReplyBytes: readInteger('max-reply-bytes', values['max-reply-bytes'], 256 * 1024 * 1024, 2 ** 40, 1),
    drainMs: readInteger('drain', values.drain, 10_000, 3_600_000),
    json: values.json === true,
  })
}
