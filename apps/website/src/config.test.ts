import { clientAddress } from 'millpond/http'
import { describe, expect, it } from 'vitest'
import { type Config, ConfigError, readConfig } from './config.ts'

function faultsOf(env: Record<string, string>, options?: { hasOwnServer: boolean }): readonly string[] {
  try {
    readConfig(env, options)
    return []
  } catch (error) {
    return error instanceof ConfigError ? error.faults : [String(error)]
  }
}

const key = 'k'.repeat(32)

describe('readConfig()', () => {
  it('gives the development defaults, frozen, when nothing is set', () => {
    const config = readConfig({ PORT: '', NODE_ENV: 'production' })
    expect(config).toEqual({
      appEnv: 'development',
      host: '127.0.0.1',
      port: { number: 3000, explicit: false },
      drainSeconds: 0,
      siteUrl: undefined,
      isHttps: false,
      database: { kind: 'pglite' },
      dataDir: '.millpond/data/website',
      upstash: undefined,
      addressProfile: 'socket',
      secrets: { cookie: undefined, cacheKey: undefined },
      mail: undefined,
      supporters: undefined,
      givingUrl: undefined,
      adminToken: undefined,
      apiUrl: undefined,
      teamEmail: 'team@headwater.invalid',
      demoData: false,
    } satisfies Config)
    expect(Object.isFrozen(config) && Object.isFrozen(config.secrets)).toBe(true)
  })

  it('reads every variable', () => {
    const config = readConfig({
      APP_ENV: 'production',
      HOST: '0.0.0.0',
      PORT: '8080',
      SITE_URL: 'https://headwater.test/',
      DATABASE_URL: 'postgres://site@db:5432/site',
      DRAIN_SECONDS: '30',
      DATA_DIR: '/data',
      UPSTASH_REDIS_REST_URL: 'https://calm-otter-1.upstash.io',
      UPSTASH_REDIS_REST_TOKEN: 'AbC123',
      CLIENT_ADDRESS: 'proxies:2',
      COOKIE_SECRET: key,
      CACHE_KEY_SECRET: key,
      RESEND_API_KEY: 're_123',
      MAIL_FROM: 'Headwater <list@headwater.test>',
      TEAM_EMAIL: 'team@headwater.test',
      BMC_ACCESS_TOKEN: 'abc',
      BMC_PAGE_URL: 'https://www.buymeacoffee.com/headwater',
      ADMIN_TOKEN: key,
      API_URL: 'http://127.0.0.1:8787/',
      DEMO_DATA: '1',
    })
    expect(config).toEqual({
      appEnv: 'production',
      host: '0.0.0.0',
      port: { number: 8080, explicit: true },
      drainSeconds: 30,
      siteUrl: 'https://headwater.test',
      isHttps: true,
      database: { kind: 'postgres', url: 'postgres://site@db:5432/site' },
      dataDir: '/data',
      upstash: { url: 'https://calm-otter-1.upstash.io', token: 'AbC123' },
      addressProfile: { proxies: 2 },
      secrets: { cookie: key, cacheKey: key },
      mail: { apiKey: 're_123', from: 'Headwater <list@headwater.test>', url: 'https://api.resend.com' },
      teamEmail: 'team@headwater.test',
      supporters: { url: 'https://developers.buymeacoffee.com', token: 'abc' },
      givingUrl: 'https://www.buymeacoffee.com/headwater',
      adminToken: key,
      apiUrl: 'http://127.0.0.1:8787',
      demoData: true,
    } satisfies Config)
  })

  it('takes an address of IPv6 with brackets or without', () => {
    expect(['[::1]', '::1'].map((HOST) => readConfig({ HOST }).host)).toEqual(['::1', '::1'])
  })

  it('reports all faults together', () => {
    expect(faultsOf({ APP_ENV: 'prod', PORT: '70000', CLIENT_ADDRESS: 'proxies:0', DEMO_DATA: 'yes' })).toEqual([
      'APP_ENV must be development or production, received "prod"',
      'PORT must be a port from 0 to 65535, received "70000"',
      'CLIENT_ADDRESS must be socket, vercel, cloudflare, proxies:N with N from 1 to 16, or trusted: and the networks of the proxies, such as trusted:10.0.0.0/8,fd00::/8, received "proxies:0"',
      'DEMO_DATA must be 0 or 1, received "yes"',
    ])
  })

  it.each([
    ['10.1.2.3', '203.0.113.7, 198.51.100.2, fd00::5', '198.51.100.2'],
    ['192.0.2.9', '203.0.113.7', '192.0.2.9'],
  ])(
    'trusts the proxies of these networks: of the socket %s and the hops %s counts %s',
    (socketAddress, hops, address) => {
      const profile = readConfig({
        APP_ENV: 'development',
        CLIENT_ADDRESS: 'trusted:10.0.0.0/8, fd00::/8',
      }).addressProfile
      const headers = new Headers({ 'x-forwarded-for': hops })
      expect(clientAddress({ headers, socketAddress }, { profile })).toEqual({ kind: 'ip', address })
    },
  )

  it.each(['proxies:17', 'trusted:', 'trusted:10.0.0.0/33', 'trusted:10.0.0.0/8,proxy'])(
    'refuses the client address %s',
    (value) => {
      expect(faultsOf({ CLIENT_ADDRESS: value })).toEqual([
        `CLIENT_ADDRESS must be socket, vercel, cloudflare, proxies:N with N from 1 to 16, or trusted: and the networks of the proxies, such as trusted:10.0.0.0/8,fd00::/8, received "${value}"`,
      ])
    },
  )

  it('shows the local mailbox to other machines only where it is told that this is development', () => {
    const refused = (way: string): string[] => [
      `APP_ENV is missing, but ${way}, and in development they can read everybody's mails at /dev/mail: set APP_ENV=production, or APP_ENV=development if that is meant`,
    ]
    for (const HOST of ['0.0.0.0', '::', '10.1.2.3'])
      expect(faultsOf({ HOST })).toEqual(refused('HOST lets other machines in'))
    for (const HOST of ['127.0.0.1', 'localhost', '::1']) expect(faultsOf({ HOST })).toEqual([])
    const proxied = { CLIENT_ADDRESS: 'proxies:1' }
    expect(faultsOf(proxied)).toEqual(refused('CLIENT_ADDRESS says that others come through a proxy'))
    expect(faultsOf({}, { hasOwnServer: false })).toEqual(refused('without server.mjs other machines may come in'))
    const development = { APP_ENV: 'development', HOST: '0.0.0.0', ...proxied }
    expect(faultsOf(development, { hasOwnServer: false })).toEqual([])
    const mail = { RESEND_API_KEY: 're_123', MAIL_FROM: 'list@headwater.test' }
    expect(faultsOf({ HOST: '0.0.0.0', ...mail }, { hasOwnServer: false })).toEqual([])
  })

  it('wants both Upstash variables or neither', () => {
    expect(faultsOf({ UPSTASH_REDIS_REST_URL: 'https://a.upstash.io' })).toEqual([
      'UPSTASH_REDIS_REST_TOKEN is missing, but UPSTASH_REDIS_REST_URL is set: give both or neither',
    ])
    expect(faultsOf({ UPSTASH_REDIS_REST_TOKEN: 'AbC' })).toEqual([
      'UPSTASH_REDIS_REST_URL is missing, but UPSTASH_REDIS_REST_TOKEN is set: give both or neither',
    ])
  })

  it.each(['your-token', 'your_token_here', 'changeme', 'CHANGE-ME', '<token>', 'xxx', 'xxxxxxxx', 'token'])(
    'takes the token %s for a placeholder',
    (token) => {
      const env = { UPSTASH_REDIS_REST_URL: 'https://a.upstash.io', UPSTASH_REDIS_REST_TOKEN: token }
      expect(faultsOf(env)).toEqual([
        'UPSTASH_REDIS_REST_TOKEN is a placeholder: copy the token from the console, or leave both variables out',
      ])
    },
  )

  it.each(['https://example.upstash.io', 'https://your-db.upstash.io', '<url>', 'https://redis.example.com'])(
    'takes the URL %s for a placeholder',
    (url) => {
      const faults = faultsOf({ UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: 'AbC' })
      expect(faults).toEqual([
        'UPSTASH_REDIS_REST_URL is a placeholder: copy the REST URL from the console, or leave both variables out',
      ])
    },
  )

  it('allows http for a loopback store only', () => {
    const token = 'AbC'
    const local = { UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:8079', UPSTASH_REDIS_REST_TOKEN: token }
    expect(faultsOf(local)).toEqual([])
    expect(faultsOf({ ...local, UPSTASH_REDIS_REST_URL: 'http://redis.internal:8079' })).toEqual([
      'UPSTASH_REDIS_REST_URL must be an https:// URL (http:// only for a loopback host)',
    ])
  })

  it('requires the secrets in production, and no placeholder', () => {
    expect(faultsOf({ APP_ENV: 'production', COOKIE_SECRET: 'changeme-changeme-changeme-changeme' })).toEqual([
      'COOKIE_SECRET is a placeholder: make one with "openssl rand -base64 32"',
      'RESEND_API_KEY is required when APP_ENV=production: nobody could confirm their place',
      'TEAM_EMAIL is required when APP_ENV=production: what visitors write goes there',
      'SITE_URL is required when APP_ENV=production: the links in mails lead there',
      'CACHE_KEY_SECRET is required when APP_ENV=production: every instance needs the same one',
    ])
  })

  it.each(['postgres://', 'postgres:///site', 'postgres:site', 'postgres://u:hun%ter2@db/site'])(
    'refuses the database %s, which no client could use',
    (DATABASE_URL) => {
      expect(faultsOf({ DATABASE_URL })).toEqual([
        'DATABASE_URL must be a URL such as postgres://user:password@host:5432/database, in the password %XX for special characters',
      ])
    },
  )

  it('puts no value of a secret into a fault', () => {
    const faults = faultsOf({ COOKIE_SECRET: 'short-secret', DATABASE_URL: 'mysql://u:pass@h/db' })
    expect(faults).toEqual([
      'DATABASE_URL must be a URL such as postgres://user:password@host:5432/database, in the password %XX for special characters',
      'COOKIE_SECRET must have at least 32 characters',
    ])
  })
})
