import { type AddressProfile, trustedProxies } from 'millpond/http'
import { isPostgresUrl } from 'postgres-pool'
import { z } from 'zod'

export interface Config {
  /** `production` is a deployment; `npm start` runs the production build locally as `development`. */
  readonly appEnv: 'development' | 'production'
  readonly host: string
  /** `explicit` is false for the default, which may move to a free port. */
  readonly port: { readonly number: number; readonly explicit: boolean }
  /** For how many seconds after a signal to stop server.mjs serves on, at most 60, so that a balancer sees that it is not ready. */
  readonly drainSeconds: number
  /** Where the site is reached from outside, without a slash at the end; undefined when it was not told. */
  readonly siteUrl: string | undefined
  /** Visitors come by https: cookies are `Secure`, and browsers are told to come back by https. */
  readonly isHttps: boolean
  readonly database: { readonly kind: 'postgres'; readonly url: string } | { readonly kind: 'pglite' }
  /** Folder of the embedded database and of the generated secrets. */
  readonly dataDir: string
  readonly upstash: { readonly url: string; readonly token: string } | undefined
  /** Who tells the visitor's address. */
  readonly addressProfile: AddressProfile
  /** Each at least 32 characters; undefined means: make one and keep it in `dataDir` (never in production). */
  readonly secrets: { readonly cookie: string | undefined; readonly cacheKey: string | undefined }
  /** Resend; undefined in development means the local mailbox. */
  readonly mail: { readonly apiKey: string; readonly from: string; readonly url: string } | undefined
  /** Who reads what visitors write. */
  readonly teamEmail: string
  /** Buy Me a Coffee; undefined means that only contributions entered by hand are known. */
  readonly supporters: { readonly url: string; readonly token: string } | undefined
  /** Where a visitor gives; undefined where nobody can. */
  readonly givingUrl: string | undefined
  /** Opens the admin's route, at least 32 characters; undefined keeps it shut. */
  readonly adminToken: string | undefined
  /** Cloud Brain, for /demo; without a slash at the end. */
  readonly apiUrl: string | undefined
  readonly demoData: boolean
}

/** Every fault of the environment at once; `faults` has one line each and never a secret's value. */
export class ConfigError extends TypeError {
  readonly code = 'ERR_CONFIG'
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(`Cannot start with this environment: ${faults.join('; ')}`)
    this.faults = faults
  }
}

const placeholder =
  /^<.*>$|^x{3,}$|^\.{3,}$|change[-_ ]?me|placeholder|your[-_ ]|^(token|secret|todo|none|null|undefined)$/i

const isPlaceholder = (value: string): boolean => placeholder.test(value)

/** Placeholder hosts of documentation: nothing answers there. */
const isPlaceholderHost = (host: string): boolean =>
  /(^|\.)example\.(com|org|net|upstash\.io)$|^example\.|your[-_]/i.test(host)

const isLoopback = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/.test(host)

function toUrl(value: string): URL | undefined {
  return URL.canParse(value) ? new URL(value) : undefined
}

const secret = z
  .string()
  .min(32, 'must have at least 32 characters')
  .refine((value) => !isPlaceholder(value), 'is a placeholder: make one with "openssl rand -base64 32"')

const flag = z.enum(['0', '1'], { error: 'must be 0 or 1' }).transform((value) => value === '1')

const postgresUrl = z.string().refine(isPostgresUrl, {
  error:
    'must be a URL such as postgres://user:password@host:5432/database, in the password %XX for special characters',
})

const upstashUrl = z.string().superRefine((value, context) => {
  const url = toUrl(value)
  if (isPlaceholder(value) || (url !== undefined && isPlaceholderHost(url.hostname))) {
    context.addIssue('is a placeholder: copy the REST URL from the console, or leave both variables out')
  } else if (
    url === undefined ||
    !(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)))
  ) {
    context.addIssue('must be an https:// URL (http:// only for a loopback host)')
  }
})

const upstashToken = z
  .string()
  .refine(
    (value) => !isPlaceholder(value),
    'is a placeholder: copy the token from the console, or leave both variables out',
  )
  .refine((value) => /^[\x21-\x7e]+$/.test(value), 'must be printable ASCII without spaces')

const addressProfile = z
  .string()
  .refine(
    (value) => toAddressProfile(value) !== undefined,
    'must be socket, vercel, cloudflare, proxies:N with N from 1 to 16, or trusted: and the networks of the proxies, such as trusted:10.0.0.0/8,fd00::/8',
  )
  .transform(toAddressProfile)

/** Undefined for what is no profile. */
function toAddressProfile(value: string): AddressProfile | undefined {
  if (value === 'socket' || value === 'vercel' || value === 'cloudflare') return value
  if (/^proxies:([1-9]|1[0-6])$/.test(value)) return { proxies: Number(value.slice('proxies:'.length)) }
  if (!value.startsWith('trusted:')) return undefined
  try {
    const networks = value.slice('trusted:'.length).split(',')
    return trustedProxies(networks.map((network) => network.trim()))
  } catch {
    return undefined
  }
}

const siteUrl = z
  .string()
  .refine((value) => /^https?:$/.test(toUrl(value)?.protocol ?? ''), 'must be an http:// or https:// URL')
  .transform((value) => value.replace(/\/+$/, ''))

const outsideUrl = z
  .string()
  .refine((value) => {
    const url = toUrl(value)
    return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
  }, 'must be an https:// URL (http:// only for a loopback host)')
  .transform((value) => value.replace(/\/+$/, ''))

const environment = z
  .object({
    APP_ENV: z.enum(['development', 'production'], { error: 'must be development or production' }).optional(),
    HOST: z.string().optional(),
    PORT: z
      .string()
      .regex(/^\d{1,5}$/, 'must be a port from 0 to 65535')
      .transform(Number)
      .refine((value) => value <= 65_535, 'must be a port from 0 to 65535')
      .optional(),
    DRAIN_SECONDS: z
      .string()
      .regex(/^([1-5]?\d|60)$/, 'must be a whole number from 0 to 60')
      .transform(Number)
      .optional(),
    SITE_URL: siteUrl.optional(),
    DATABASE_URL: postgresUrl.optional(),
    DATA_DIR: z.string().optional(),
    UPSTASH_REDIS_REST_URL: upstashUrl.optional(),
    UPSTASH_REDIS_REST_TOKEN: upstashToken.optional(),
    CLIENT_ADDRESS: addressProfile.optional(),
    COOKIE_SECRET: secret.optional(),
    CACHE_KEY_SECRET: secret.optional(),
    RESEND_API_KEY: z
      .string()
      .refine((value) => !isPlaceholder(value), 'is a placeholder')
      .optional(),
    RESEND_API_URL: outsideUrl.optional(),
    MAIL_FROM: z.string().optional(),
    TEAM_EMAIL: z.email('must be an e-mail address').optional(),
    BMC_ACCESS_TOKEN: z
      .string()
      .refine((value) => !isPlaceholder(value), 'is a placeholder')
      .optional(),
    BMC_API_URL: outsideUrl.optional(),
    BMC_PAGE_URL: outsideUrl.optional(),
    ADMIN_TOKEN: secret.optional(),
    API_URL: outsideUrl.optional(),
    DEMO_DATA: flag.optional(),
  })
  .superRefine((value, context) => {
    const fault = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message })
    const hasUrl = value.UPSTASH_REDIS_REST_URL !== undefined
    if (hasUrl !== (value.UPSTASH_REDIS_REST_TOKEN !== undefined)) {
      const [present, missing] = hasUrl ? ['URL', 'TOKEN'] : ['TOKEN', 'URL']
      fault(
        `UPSTASH_REDIS_REST_${missing}`,
        `is missing, but UPSTASH_REDIS_REST_${present} is set: give both or neither`,
      )
    }
    if (value.RESEND_API_KEY !== undefined && value.MAIL_FROM === undefined) {
      fault('MAIL_FROM', 'is missing, but RESEND_API_KEY is set: name the sender')
    }
    if (value.APP_ENV !== 'production') return
    if (value.RESEND_API_KEY === undefined) {
      fault('RESEND_API_KEY', 'is required when APP_ENV=production: nobody could confirm their place')
    }
    if (value.TEAM_EMAIL === undefined) {
      fault('TEAM_EMAIL', 'is required when APP_ENV=production: what visitors write goes there')
    }
    if (value.SITE_URL === undefined) {
      fault('SITE_URL', 'is required when APP_ENV=production: the links in mails lead there')
    }
    for (const name of ['COOKIE_SECRET', 'CACHE_KEY_SECRET'] as const) {
      if (value[name] === undefined)
        fault(name, 'is required when APP_ENV=production: every instance needs the same one')
    }
  })

/** Most platforms ask once a second whether an instance is ready, and the hastiest kill it after five. */
const productionDrainSeconds = 2

/** Variables that nobody writes a secret into; of the others no value is told. */
const told: readonly string[] = ['APP_ENV', 'HOST', 'PORT', 'DRAIN_SECONDS', 'CLIENT_ADDRESS', 'DEMO_DATA']
const longestTold = 80

function toFault({ path, message }: z.core.$ZodIssue, given: Readonly<Record<string, string | undefined>>): string {
  const name = path.join('.')
  const value = given[name]
  const received =
    value !== undefined && told.includes(name) ? `, received ${JSON.stringify(value.slice(0, longestTold))}` : ''
  return `${name} ${message}${received}`
}

type Environment = z.output<typeof environment>

function toConfig(env: Environment): Config {
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = env
  const { RESEND_API_KEY: apiKey, MAIL_FROM: from, RESEND_API_URL: mailUrl = 'https://api.resend.com' } = env
  const { BMC_ACCESS_TOKEN: supportersToken, BMC_API_URL: supportersUrl = 'https://developers.buymeacoffee.com' } = env
  return Object.freeze({
    appEnv: env.APP_ENV ?? 'development',
    host: env.HOST?.replace(/^\[|\]$/g, '') ?? '127.0.0.1',
    port: Object.freeze({ number: env.PORT ?? 3000, explicit: env.PORT !== undefined }),
    drainSeconds: env.DRAIN_SECONDS ?? (env.APP_ENV === 'production' ? productionDrainSeconds : 0),
    siteUrl: env.SITE_URL,
    isHttps: toUrl(env.SITE_URL ?? '')?.protocol === 'https:',
    database: Object.freeze(
      env.DATABASE_URL === undefined ? { kind: 'pglite' } : { kind: 'postgres', url: env.DATABASE_URL },
    ),
    dataDir: env.DATA_DIR ?? '.millpond/data/website',
    upstash: url === undefined || token === undefined ? undefined : Object.freeze({ url, token }),
    addressProfile: env.CLIENT_ADDRESS ?? 'socket',
    secrets: Object.freeze({ cookie: env.COOKIE_SECRET, cacheKey: env.CACHE_KEY_SECRET }),
    mail: apiKey === undefined || from === undefined ? undefined : Object.freeze({ apiKey, from, url: mailUrl }),
    teamEmail: env.TEAM_EMAIL ?? 'team@headwater.invalid',
    supporters:
      supportersToken === undefined ? undefined : Object.freeze({ url: supportersUrl, token: supportersToken }),
    givingUrl: env.BMC_PAGE_URL,
    adminToken: env.ADMIN_TOKEN,
    apiUrl: env.API_URL,
    demoData: env.DEMO_DATA ?? false,
  } satisfies Config)
}

/** How visitors of other machines get in; undefined where nothing says that they do. */
function wayIn(config: Config, hasOwnServer: boolean): string | undefined {
  if (!hasOwnServer) return 'without server.mjs other machines may come in'
  if (!isLoopback(config.host)) return 'HOST lets other machines in'
  return config.addressProfile === 'socket' ? undefined : 'CLIENT_ADDRESS says that others come through a proxy'
}

/**
 * The environment as a frozen object. An empty variable counts as absent. `hasOwnServer` false: `next start` or a platform serves, which
 * read no HOST of ours. Throws {@link ConfigError} that names every fault, and no secret's value.
 */
export function readConfig(
  env: Readonly<Record<string, string | undefined>>,
  { hasOwnServer = true }: { hasOwnServer?: boolean } = {},
): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = environment.safeParse(given)
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((issue) => toFault(issue, given)))
  const config = toConfig(parsed.data)
  const open = wayIn(config, hasOwnServer)
  if (open === undefined || config.mail !== undefined || given.APP_ENV !== undefined) return config
  throw new ConfigError([
    `APP_ENV is missing, but ${open}, and in development they can read everybody's mails at /dev/mail: set APP_ENV=production, or APP_ENV=development if that is meant`,
  ])
}
