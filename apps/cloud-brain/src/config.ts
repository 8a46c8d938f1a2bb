import { resolve } from 'node:path'
import type { AddressProfile } from 'millpond/http'
import { z } from 'zod'
import { DEVELOPMENT, Environment, LOOPBACK } from './environment.ts'
import { readSealingKeys } from './read-sealing-keys.ts'
import type { SealingKey } from './seal.ts'
import { StartupError } from './startup-error.ts'
import { toAddressProfile } from './to-address-profile.ts'

/** Everything the process takes from its environment. Frozen; nothing else reads `process.env`. */
export type Config = Readonly<{
  production: boolean
  /** `chosen` is true when PORT was given: then a taken port is an error, otherwise the service moves to a free one. */
  port: Readonly<{ value: number; chosen: boolean }>
  host: string
  /** For how many seconds after a signal to stop requests are still taken, at most 60, so that a balancer sees that it is not ready. */
  drainSeconds: number
  /** Absolute folder for the embedded database and the development keys. */
  dataDir: string
  database: Readonly<{ kind: 'postgres'; url: string } | { kind: 'pglite'; folder: string }>
  store: Readonly<{ kind: 'upstash'; url: string; token: string } | { kind: 'redis'; url: string } | { kind: 'memory' }>
  caching: boolean
  /** For how many seconds answers may come from this process's memory, at most 60; 0: never. */
  localSeconds: number
  auth: Readonly<{ kind: 'jwks'; jwksUrl: string; issuer: string; audience: string } | { kind: 'development' }>
  /** `kept` means: made once and kept in `dataDir` (development only). */
  cacheKeySecret: Readonly<{ kind: 'given'; value: string } | { kind: 'kept' }>
  clientAddress: AddressProfile
  /** `fake`: a Strava on this machine (development only); `off`: its routes are not there. */
  strava: Readonly<
    | { kind: 'strava'; clientId: string; clientSecret: string; redirectUrl: string; webhookToken: string }
    | { kind: 'fake' }
    | { kind: 'off' }
  >
  /** Keys for what is stored encrypted, the newest first; `kept` means: made once and kept in `dataDir` (development only). */
  sealingKeys: Readonly<{ kind: 'given'; keys: readonly [SealingKey, ...SealingKey[]] } | { kind: 'kept' }>
  /** Keys that cached values are encrypted with, the newest first; undefined: they are not. */
  cacheEncryption: readonly [SealingKey, ...SealingKey[]] | undefined
  /** Who answers in the chat: a model behind an OpenAI-compatible endpoint, or rules. */
  chat: Readonly<{ kind: 'model'; url: string; apiKey: string; model: string } | { kind: 'rules' }>
  /** Who may read `/metrics`: anyone (development on the loopback address only), who has the token, or nobody. */
  metrics: Readonly<{ kind: 'open' } | { kind: 'token'; token: string } | { kind: 'off' }>
  /** Origins of pages that may call the API from a browser. */
  corsOrigins: readonly string[]
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}>

const DEFAULT_PORT = 8787
/** Most platforms ask once a second whether an instance is ready, and the hastiest kill it after five. */
const PRODUCTION_DRAIN_SECONDS = 2
const DEFAULT_DATA_DIR = '.millpond/data/cloud-brain'

/**
 * Reads and checks the whole environment at once.
 *
 * @param env the environment; an empty value counts as absent
 * @param cwd the folder that a relative DATA_DIR starts from
 * @throws StartupError that lists every fault; no secret is part of the message
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>, cwd: string): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()))
  const parsed = Environment.safeParse(given)
  const faults = [...fieldFaults(parsed.error, given), ...crossFaults(given)]
  if (!parsed.success || faults.length > 0) throw new StartupError(toFaultMessage(faults))
  return toConfig(parsed.data, cwd)
}

/** Settings that nobody writes a secret into; of the others no value is told. */
const TOLD: readonly string[] = [
  'NODE_ENV',
  'PORT',
  'HOST',
  'DRAIN_SECONDS',
  'CACHE',
  'CACHE_LOCAL_SECONDS',
  'CLIENT_ADDRESS',
  'CORS_ORIGINS',
  'LOG_LEVEL',
]
const LONGEST_TOLD = 80

function fieldFaults(error: z.ZodError | undefined, given: Readonly<Record<string, string | undefined>>): string[] {
  const seen = new Map<string, string>()
  for (const issue of error?.issues ?? []) {
    const name = issue.path.join('.')
    const received = TOLD.includes(name) ? `, received ${JSON.stringify(given[name]?.slice(0, LONGEST_TOLD))}` : ''
    if (!seen.has(name)) seen.set(name, `${name} ${issue.message}${received}`)
  }
  return [...seen.values()]
}

function crossFaults(given: Environment): string[] {
  const faults: string[] = []
  for (const group of [
    ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN'],
    ['AUTH_JWKS_URL', 'AUTH_ISSUER', 'AUTH_AUDIENCE'],
    ['CHAT_API_URL', 'CHAT_API_KEY', 'CHAT_MODEL'],
    ['STRAVA_CLIENT_ID', 'STRAVA_CLIENT_SECRET', 'STRAVA_REDIRECT_URL', 'STRAVA_WEBHOOK_TOKEN'],
  ] as const) {
    const missing = group.filter((name) => given[name] === undefined)
    if (missing.length > 0 && missing.length < group.length) {
      faults.push(`${missing.join(' and ')} must be set, because ${group.find((name) => given[name])} is`)
    }
  }
  if (given.REDIS_URL && given.UPSTASH_REDIS_REST_URL) {
    faults.push('REDIS_URL and UPSTASH_REDIS_REST_URL must not both be set')
  }
  if (given.NODE_ENV === 'production') faults.push(...productionFaults(given))
  else if (isOpenToOthers(given)) {
    faults.push(
      'AUTH_JWKS_URL, AUTH_ISSUER and AUTH_AUDIENCE must be set, or NODE_ENV be development, because HOST lets other machines in and without them anyone gets a token',
    )
  }
  return faults
}

/** Whether it would give tokens to other machines without anybody having said that this is development. */
function isOpenToOthers({ NODE_ENV, HOST = '127.0.0.1', AUTH_JWKS_URL }: Environment): boolean {
  return AUTH_JWKS_URL === undefined && !LOOPBACK.includes(HOST) && !DEVELOPMENT.includes(NODE_ENV ?? '')
}

function productionFaults(given: Environment): string[] {
  const faults: string[] = []
  if (!given.AUTH_JWKS_URL && !given.AUTH_ISSUER && !given.AUTH_AUDIENCE) {
    faults.push('AUTH_JWKS_URL, AUTH_ISSUER and AUTH_AUDIENCE must be set, because NODE_ENV is production')
  }
  if (!given.CACHE_KEY_SECRET) faults.push('CACHE_KEY_SECRET must be set, because NODE_ENV is production')
  if (given.STRAVA_CLIENT_ID && !given.TOKEN_ENCRYPTION_KEYS) {
    faults.push('TOKEN_ENCRYPTION_KEYS must be set, because STRAVA_CLIENT_ID is and NODE_ENV is production')
  }
  return faults
}

function toFaultMessage(faults: readonly string[]): string {
  const [only] = faults
  if (faults.length === 1) return `Cannot start Cloud Brain: ${only}`
  return [`Cannot start Cloud Brain: ${faults.length} settings are wrong`, ...faults].join('\n  ')
}

function toConfig(env: Environment, cwd: string): Config {
  const production = env.NODE_ENV === 'production'
  const dataDir = resolve(cwd, env.DATA_DIR ?? DEFAULT_DATA_DIR)
  const host = env.HOST?.replace(/^\[|\]$/g, '') ?? (production ? '0.0.0.0' : '127.0.0.1')
  return Object.freeze({
    production,
    port: Object.freeze({ value: Number(env.PORT ?? DEFAULT_PORT), chosen: env.PORT !== undefined }),
    host,
    drainSeconds: Number(env.DRAIN_SECONDS ?? (production ? PRODUCTION_DRAIN_SECONDS : 0)),
    dataDir,
    database: Object.freeze(
      env.DATABASE_URL
        ? { kind: 'postgres', url: env.DATABASE_URL }
        : { kind: 'pglite', folder: resolve(dataDir, 'pglite') },
    ),
    store: toStore(env),
    caching: env.CACHE !== 'off',
    localSeconds: Number(env.CACHE_LOCAL_SECONDS ?? 0),
    auth: toAuth(env),
    cacheKeySecret: Object.freeze(
      env.CACHE_KEY_SECRET ? { kind: 'given', value: env.CACHE_KEY_SECRET } : { kind: 'kept' },
    ),
    strava: toStrava(env, production),
    sealingKeys: toSealingKeys(env.TOKEN_ENCRYPTION_KEYS),
    cacheEncryption: env.CACHE_ENCRYPTION_KEY === undefined ? undefined : readSealingKeys(env.CACHE_ENCRYPTION_KEY),
    chat: toChat(env),
    metrics: toMetrics(env.METRICS_TOKEN, !production && LOOPBACK.includes(host)),
    corsOrigins: Object.freeze(env.CORS_ORIGINS?.split(',').map((origin) => origin.trim()) ?? []),
    clientAddress: toAddressProfile(env.CLIENT_ADDRESS ?? 'socket') ?? 'socket',
    logLevel: z
      .enum(['debug', 'info', 'warn', 'error', 'silent'])
      .parse(env.LOG_LEVEL ?? (production ? 'info' : 'warn')),
  } satisfies Config)
}

function toStore(env: Environment): Config['store'] {
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token, REDIS_URL: redis } = env
  if (url && token) return Object.freeze({ kind: 'upstash', url, token })
  return Object.freeze(redis ? { kind: 'redis', url: redis } : { kind: 'memory' })
}

function toAuth(env: Environment): Config['auth'] {
  const { AUTH_JWKS_URL: jwksUrl, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = env
  return Object.freeze(
    jwksUrl && issuer && audience ? { kind: 'jwks', jwksUrl, issuer, audience } : { kind: 'development' },
  )
}

function toStrava(env: Environment, production: boolean): Config['strava'] {
  const { STRAVA_CLIENT_ID: clientId, STRAVA_CLIENT_SECRET: clientSecret, STRAVA_REDIRECT_URL: redirectUrl } = env
  const webhookToken = env.STRAVA_WEBHOOK_TOKEN
  if (clientId && clientSecret && redirectUrl && webhookToken) {
    return Object.freeze({ kind: 'strava', clientId, clientSecret, redirectUrl, webhookToken })
  }
  return Object.freeze({ kind: production ? 'off' : 'fake' })
}

function toChat({ CHAT_API_URL: url, CHAT_API_KEY: apiKey, CHAT_MODEL: model }: Environment): Config['chat'] {
  return Object.freeze(url && apiKey && model ? { kind: 'model', url, apiKey, model } : { kind: 'rules' })
}

function toMetrics(token: string | undefined, isPrivate: boolean): Config['metrics'] {
  if (token !== undefined) return Object.freeze({ kind: 'token', token })
  return Object.freeze({ kind: isPrivate ? 'open' : 'off' })
}

function toSealingKeys(value: string | undefined): Config['sealingKeys'] {
  const keys = value === undefined ? undefined : readSealingKeys(value)
  return Object.freeze(keys ? { kind: 'given', keys } : { kind: 'kept' })
}
