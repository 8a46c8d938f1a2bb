import { ConfigError } from '../errors.ts'
import type { AclUser } from './acl-user.ts'
import { type RedisTlsOptions, readTrust, type Trust } from './redis-tls.ts'

/** Where a Redis listens, and how to log in. */
export interface Target {
  readonly host: string
  readonly port: number
  /** undefined without TLS. */
  readonly tls: Trust | undefined
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
  /** Becomes this user once it is logged in. */
  readonly becomes?: AclUser | undefined
}

const schemes: ReadonlyMap<string, { readonly isTls: boolean }> = new Map([
  ['redis:', { isTls: false }],
  ['valkey:', { isTls: false }],
  ['rediss:', { isTls: true }],
  ['valkeys:', { isTls: true }],
])

function decoded(text: string): string | undefined {
  try {
    return text === '' ? undefined : decodeURIComponent(text)
  } catch {
    throw new ConfigError('Cannot connect to Redis: user and password of the URL must be percent-encoded, "%" as "%25"')
  }
}

/**
 * Reads a URL `redis://[user:password@]host[:port][/database]`; `rediss://` is with TLS, and `valkey://` and `valkeys://` are the
 * same, and what `redisTls` is for. Throws {@link ConfigError}, which never repeats a password.
 */
export function readTarget(url: string, redisTls?: RedisTlsOptions | undefined): Target {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const scheme = schemes.get(parsed?.protocol ?? '')
  const database = parsed?.pathname.replace(/^\//, '') ?? ''
  const shown = `"${parsed?.protocol}//${parsed?.host}"`
  if (parsed !== undefined && scheme !== undefined && parsed.hostname !== '' && /^\d{0,5}$/.test(database)) {
    if (redisTls !== undefined && !scheme.isTls) {
      throw new ConfigError(
        `Cannot connect to Redis: "redisTls" needs a rediss:// or valkeys:// URL, received ${shown}`,
      )
    }
    return {
      host: parsed.hostname.replace(/^\[|\]$/g, ''),
      port: Number(parsed.port || 6379),
      tls: scheme.isTls ? readTrust(redisTls ?? {}) : undefined,
      username: decoded(parsed.username),
      password: decoded(parsed.password),
      database: Number(database),
    }
  }
  const received = parsed === undefined ? 'a text that is not a URL' : shown
  throw new ConfigError(`Cannot connect to Redis: the URL must look like redis://host:6379, received ${received}`)
}
