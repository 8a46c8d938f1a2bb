import { isPostgresUrl } from 'postgres-pool'
import { z } from 'zod'
import { isPlaceholder, isPlaceholderUrl } from './placeholder.ts'
import { readSealingKeys } from './read-sealing-keys.ts'
import { isRedisUrl, isRestUrl } from './server-url.ts'
import { toAddressProfile } from './to-address-profile.ts'

const MIN_SECRET_LENGTH = 16

/** What NODE_ENV is where anyone may get a token. */
export const DEVELOPMENT: readonly string[] = ['development', 'test']
/** Names of this machine that others cannot reach. */
export const LOOPBACK: readonly string[] = ['127.0.0.1', 'localhost', '[::1]', '::1']

const isSafeRemote = (value: string) => {
  if (!URL.canParse(value)) return false
  const { protocol, hostname } = new URL(value)
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname))
}

const isOrigin = (value: string) => URL.canParse(value) && new URL(value).origin === value

const text = (rule: string, check: (value: string) => boolean) => z.string().refine(check, rule).optional()
const secondsOfAMinute = text(
  'must be a whole number from 0 to 60',
  (value) => /^\d{1,2}$/.test(value) && Number(value) <= 60,
)
const filledIn = () => text('must be a real value, received a placeholder', (value) => !isPlaceholder(value))
const isReal = (value: string | undefined) => value === undefined || !isPlaceholderUrl(value)
const REAL_URL = 'must be a real URL, received a placeholder'

/** What goes into a header as it is. */
const token = () =>
  filledIn().refine(
    (value) => value === undefined || /^[\x21-\x7e]+$/.test(value),
    'must be printable ASCII without spaces',
  )

const toSecret = (text: ReturnType<typeof filledIn>) =>
  text.refine(
    (value) => value === undefined || value.length >= MIN_SECRET_LENGTH,
    `must have at least ${MIN_SECRET_LENGTH} characters`,
  )

/** The variables that are read, each text checked by itself; all may be absent. */
export const Environment = z.object({
  // "prod" would be taken for development, and development gives tokens to anyone who asks.
  NODE_ENV: text('must be "production", "development" or "test"', (value) =>
    ['production', ...DEVELOPMENT].includes(value),
  ),
  PORT: text('must be a whole number from 0 to 65535', (value) => /^\d{1,5}$/.test(value) && Number(value) <= 65535),
  HOST: text('must be a host name or an address', (value) => /^[\w.:[\]-]+$/.test(value)),
  DRAIN_SECONDS: secondsOfAMinute,
  DATA_DIR: z.string().optional(),
  DATABASE_URL: text(
    'must be a URL such as postgres://user:password@host:5432/database, in the password %XX for special characters',
    isPostgresUrl,
  ).refine(isReal, REAL_URL),
  UPSTASH_REDIS_REST_URL: text('must be an https:// or http:// URL without name and password', isRestUrl).refine(
    isReal,
    REAL_URL,
  ),
  UPSTASH_REDIS_REST_TOKEN: token(),
  REDIS_URL: text(
    'must be a URL such as redis://user:password@host:6379/0, or rediss://…, in the password %XX for special characters',
    isRedisUrl,
  ).refine(isReal, REAL_URL),
  CACHE: text('must be "on" or "off"', (value) => value === 'on' || value === 'off'),
  CACHE_LOCAL_SECONDS: secondsOfAMinute,
  AUTH_JWKS_URL: text('must be an https:// URL (http:// only on this machine)', isSafeRemote),
  AUTH_ISSUER: filledIn(),
  AUTH_AUDIENCE: filledIn(),
  CACHE_KEY_SECRET: toSecret(filledIn()),
  CLIENT_ADDRESS: text(
    'must be "socket", "vercel", "cloudflare", "proxies:N" with N from 1 to 9, or "trusted:" and the proxies\' networks, such as "trusted:10.0.0.0/8,fd00::/8"',
    (value) => toAddressProfile(value) !== undefined,
  ),
  STRAVA_CLIENT_ID: filledIn(),
  STRAVA_CLIENT_SECRET: filledIn(),
  STRAVA_REDIRECT_URL: text('must be an https:// URL (http:// only on this machine)', isSafeRemote),
  STRAVA_WEBHOOK_TOKEN: filledIn(),
  TOKEN_ENCRYPTION_KEYS: text(
    'must be id:key pairs separated by commas, each key 32 bytes in base64',
    (value) => readSealingKeys(value) !== undefined,
  ),
  CACHE_ENCRYPTION_KEY: text(
    'must be id:key pairs separated by commas, each key 32 bytes in base64',
    (value) => readSealingKeys(value) !== undefined,
  ),
  CHAT_API_URL: text('must be an https:// URL (http:// only on this machine)', isSafeRemote),
  CHAT_API_KEY: token(),
  CHAT_MODEL: filledIn(),
  METRICS_TOKEN: toSecret(token()),
  CORS_ORIGINS: text('must be origins such as https://app.pond.example, separated by commas', (value) =>
    value.split(',').every((origin) => isOrigin(origin.trim())),
  ),
  LOG_LEVEL: text('must be debug, info, warn, error or silent', (value) =>
    /^(debug|info|warn|error|silent)$/.test(value),
  ),
})

export type Environment = z.infer<typeof Environment>
