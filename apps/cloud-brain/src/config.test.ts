import { clientAddress } from 'millpond/http'
import { describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'

const UPSTASH = { UPSTASH_REDIS_REST_URL: 'https://eu1-pond.upstash.io', UPSTASH_REDIS_REST_TOKEN: 'AYkQASQg' }
const AUTH = {
  AUTH_JWKS_URL: 'https://id.pond.example/jwks',
  AUTH_ISSUER: 'https://id.pond.example',
  AUTH_AUDIENCE: 'phone',
}
const CHAT = { CHAT_API_URL: 'https://models.pond.example/v1', CHAT_API_KEY: 'k3y', CHAT_MODEL: 'coach-1' }

const fault = (env: Record<string, string>) => {
  try {
    readConfig(env, '/srv')
    return 'no fault'
  } catch (error) {
    return error instanceof Error ? error.message : 'not an error'
  }
}

describe('readConfig()', () => {
  it('readConfig() needs nothing in development', () => {
    expect(readConfig({}, '/srv')).toEqual({
      production: false,
      port: { value: 8787, chosen: false },
      host: '127.0.0.1',
      dataDir: '/srv/.millpond/data/cloud-brain',
      database: { kind: 'pglite', folder: '/srv/.millpond/data/cloud-brain/pglite' },
      store: { kind: 'memory' },
      caching: true,
      localSeconds: 0,
      drainSeconds: 0,
      auth: { kind: 'development' },
      cacheKeySecret: { kind: 'kept' },
      strava: { kind: 'fake' },
      sealingKeys: { kind: 'kept' },
      cacheEncryption: undefined,
      chat: { kind: 'rules' },
      metrics: { kind: 'open' },
      corsOrigins: [],
      clientAddress: 'socket',
      logLevel: 'warn',
    })
  })

  it('readConfig() takes an IPv6 host with its brackets too', () => {
    expect(['[::1]', '::1'].map((HOST) => readConfig({ HOST }, '/srv').host)).toEqual(['::1', '::1'])
  })

  it('readConfig() takes every setting when it is given', () => {
    const env = {
      ...UPSTASH,
      ...AUTH,
      NODE_ENV: 'production',
      PORT: '80',
      DATA_DIR: 'data',
      DATABASE_URL: 'postgres://brain@db.internal/brain',
      CACHE: 'off',
      CACHE_LOCAL_SECONDS: '2',
      DRAIN_SECONDS: '30',
      CACHE_KEY_SECRET: '0123456789abcdef',
      CLIENT_ADDRESS: 'proxies:2',
      LOG_LEVEL: 'error',
      STRAVA_CLIENT_ID: '1234',
      STRAVA_CLIENT_SECRET: 's3cret',
      STRAVA_REDIRECT_URL: 'https://app.pond.example/strava',
      STRAVA_WEBHOOK_TOKEN: 'hook-token',
      TOKEN_ENCRYPTION_KEYS: `new:${Buffer.alloc(32, 1).toString('base64')},old:${Buffer.alloc(32, 2).toString('base64')}`,
      CACHE_ENCRYPTION_KEY: `c1:${Buffer.alloc(32, 3).toString('base64')}`,
      CHAT_API_URL: 'https://models.pond.example/v1',
      CHAT_API_KEY: 'k3y',
      CHAT_MODEL: 'coach-1',
      METRICS_TOKEN: 'sixteen-letters-!',
      CORS_ORIGINS: 'https://app.pond.example, http://localhost:3000',
    }
    expect(readConfig(env, '/srv')).toEqual({
      production: true,
      port: { value: 80, chosen: true },
      host: '0.0.0.0',
      dataDir: '/srv/data',
      database: { kind: 'postgres', url: 'postgres://brain@db.internal/brain' },
      store: { kind: 'upstash', url: 'https://eu1-pond.upstash.io', token: 'AYkQASQg' },
      caching: false,
      localSeconds: 2,
      drainSeconds: 30,
      auth: {
        kind: 'jwks',
        jwksUrl: 'https://id.pond.example/jwks',
        issuer: 'https://id.pond.example',
        audience: 'phone',
      },
      cacheKeySecret: { kind: 'given', value: '0123456789abcdef' },
      strava: {
        kind: 'strava',
        clientId: '1234',
        clientSecret: 's3cret',
        redirectUrl: 'https://app.pond.example/strava',
        webhookToken: 'hook-token',
      },
      sealingKeys: {
        kind: 'given',
        keys: [
          { id: 'new', key: Buffer.alloc(32, 1) },
          { id: 'old', key: Buffer.alloc(32, 2) },
        ],
      },
      cacheEncryption: [{ id: 'c1', key: Buffer.alloc(32, 3) }],
      chat: { kind: 'model', url: 'https://models.pond.example/v1', apiKey: 'k3y', model: 'coach-1' },
      metrics: { kind: 'token', token: 'sixteen-letters-!' },
      corsOrigins: ['https://app.pond.example', 'http://localhost:3000'],
      clientAddress: { proxies: 2 },
      logLevel: 'error',
    })
  })

  it.each([
    [{}, 'open'],
    [{ HOST: '::1' }, 'open'],
    [{ HOST: '0.0.0.0', NODE_ENV: 'development' }, 'off'],
    [{ ...AUTH, NODE_ENV: 'production', HOST: '127.0.0.1', CACHE_KEY_SECRET: '0123456789abcdef' }, 'off'],
  ])('readConfig() lets %j read metrics without a token: %s', (env, kind) => {
    expect(readConfig(env, '/srv').metrics).toEqual({ kind })
  })

  it.each([
    ['10.1.2.3', '203.0.113.7, 198.51.100.2, fd00::5', '198.51.100.2'],
    ['192.0.2.9', '203.0.113.7', '192.0.2.9'],
  ])(
    'readConfig() trusts the proxies of these networks: of the socket %s and the hops %s counts %s',
    (socketAddress, hops, address) => {
      const profile = readConfig({ CLIENT_ADDRESS: 'trusted:10.0.0.0/8, fd00::/8' }, '/srv').clientAddress
      const headers = new Headers({ 'x-forwarded-for': hops })
      expect(clientAddress({ headers, socketAddress }, { profile })).toEqual({ kind: 'ip', address })
    },
  )

  it.each(['proxies:0', 'proxies:10', 'trusted:', 'trusted:10.0.0.0/33', 'trusted:10.0.0.0/8,proxy', 'nginx'])(
    'readConfig() refuses the client address %s',
    (value) => {
      expect(fault({ CLIENT_ADDRESS: value })).toBe(
        `Cannot start Cloud Brain: CLIENT_ADDRESS must be "socket", "vercel", "cloudflare", "proxies:N" with N from 1 to 9, or "trusted:" and the proxies' networks, such as "trusted:10.0.0.0/8,fd00::/8", received "${value}"`,
      )
    },
  )

  it('readConfig() counts an empty value as absent', () => {
    expect(readConfig({ PORT: '', REDIS_URL: ' ' }, '/srv').store).toEqual({ kind: 'memory' })
  })

  it('readConfig() freezes what it returns', () => {
    const config = readConfig({}, '/srv')
    expect([config, config.port, config.store, config.auth, config.database].every(Object.isFrozen)).toBe(true)
  })

  it('readConfig() tells one fault on one line', () => {
    expect(fault({ PORT: '99999' })).toBe(
      'Cannot start Cloud Brain: PORT must be a whole number from 0 to 65535, received "99999"',
    )
  })

  it('readConfig() tells all faults together and no secret', () => {
    const message = fault({
      NODE_ENV: 'production',
      PORT: 'http',
      DATABASE_URL: 'mysql://root:hunter2@db/brain',
      UPSTASH_REDIS_REST_URL: 'https://eu1-pond.upstash.io',
      AUTH_ISSUER: 'https://id.pond.example',
      CACHE_KEY_SECRET: 'short',
    })
    expect(message.split('\n')).toEqual([
      'Cannot start Cloud Brain: 5 settings are wrong',
      '  PORT must be a whole number from 0 to 65535, received "http"',
      '  DATABASE_URL must be a URL such as postgres://user:password@host:5432/database, in the password %XX for special characters',
      '  CACHE_KEY_SECRET must have at least 16 characters',
      '  UPSTASH_REDIS_REST_TOKEN must be set, because UPSTASH_REDIS_REST_URL is',
      '  AUTH_JWKS_URL and AUTH_AUDIENCE must be set, because AUTH_ISSUER is',
    ])
  })

  it.each(['your-token', 'changeme', '<token>', 'xxx', 'your_upstash_token_here', 'CHANGE_ME_PLEASE'])(
    'readConfig() refuses the placeholder token %s',
    (token) => {
      expect(fault({ ...UPSTASH, UPSTASH_REDIS_REST_TOKEN: token })).toBe(
        'Cannot start Cloud Brain: UPSTASH_REDIS_REST_TOKEN must be a real value, received a placeholder',
      )
    },
  )

  it.each(['https://example.upstash.io', 'https://your-db.upstash.io', 'https://<name>.upstash.io'])(
    'readConfig() refuses the placeholder URL %s',
    (url) => {
      expect(fault({ ...UPSTASH, UPSTASH_REDIS_REST_URL: url })).toMatch(
        /^Cannot start Cloud Brain: UPSTASH_REDIS_REST_URL must be/,
      )
    },
  )

  it.each<readonly [string, string]>([
    ...[
      'postgres://',
      'postgres:///brain',
      'postgres:hunter2',
      'postgres://u:hunter2@',
      'postgres://u:hun%ter2@db/b',
    ].map((value) => ['DATABASE_URL', value] as const),
    ...['redis://', 'redis:///1', 'redis:hunter2', 'redis://:hun%ter2@db', 'redis://:hunter2@db/one', 'http://db'].map(
      (value) => ['REDIS_URL', value] as const,
    ),
    ['UPSTASH_REDIS_REST_URL', 'https://u:hunter2@eu1-pond.upstash.io'],
    ['UPSTASH_REDIS_REST_TOKEN', 'hunter2 hunter2'],
    ['UPSTASH_REDIS_REST_TOKEN', 'hünter2'],
    ['CHAT_API_KEY', 'hunter2\nhunter2'],
    ['METRICS_TOKEN', 'hunter2 hunter2 hunter2'],
  ])('readConfig() refuses %s=%s, which no client could use, without telling it', (name, value) => {
    const message = fault({
      ...(name.startsWith('UPSTASH') && UPSTASH),
      ...(name.startsWith('CHAT') && CHAT),
      [name]: value,
    })
    expect(message).toMatch(new RegExp(`^Cannot start Cloud Brain: ${name} must be .*$`))
    expect(message).not.toContain('hunter2')
  })

  it('readConfig() takes passwords whose special characters are encoded, and an IPv6 host', () => {
    const [database, store] = ['postgres://u:p%40ss@[::1]:5432/brain', 'rediss://:p%23ss@cache.internal:6380/2']
    const config = readConfig({ DATABASE_URL: database, REDIS_URL: store }, '/srv')
    expect([config.database, config.store]).toEqual([
      { kind: 'postgres', url: database },
      { kind: 'redis', url: store },
    ])
  })

  it('readConfig() refuses two stores at once', () => {
    expect(fault({ ...UPSTASH, REDIS_URL: 'redis://127.0.0.1' })).toBe(
      'Cannot start Cloud Brain: REDIS_URL and UPSTASH_REDIS_REST_URL must not both be set',
    )
  })

  it('readConfig() refuses the development issuer in production', () => {
    expect(fault({ NODE_ENV: 'production', CACHE_KEY_SECRET: '0123456789abcdef' })).toBe(
      'Cannot start Cloud Brain: AUTH_JWKS_URL, AUTH_ISSUER and AUTH_AUDIENCE must be set, because NODE_ENV is production',
    )
  })

  it.each(['prod', 'Production', 'staging'])('readConfig() takes NODE_ENV=%s for no development', (value) => {
    expect(fault({ NODE_ENV: value })).toBe(
      `Cannot start Cloud Brain: NODE_ENV must be "production", "development" or "test", received "${value}"`,
    )
  })

  it('readConfig() refuses to give tokens to other machines, unless it is told that this is development', () => {
    const refused =
      'Cannot start Cloud Brain: AUTH_JWKS_URL, AUTH_ISSUER and AUTH_AUDIENCE must be set, or NODE_ENV be development, because HOST lets other machines in and without them anyone gets a token'
    expect(fault({ HOST: '0.0.0.0' })).toBe(refused)
    expect(fault({ HOST: '::' })).toBe(refused)
    expect(fault({ HOST: '0.0.0.0', NODE_ENV: 'development' })).toBe('no fault')
    expect(fault({ HOST: '0.0.0.0', ...AUTH })).toBe('no fault')
    expect(fault({ HOST: 'localhost' })).toBe('no fault')
  })

  it('readConfig() refuses keys that are fetched over plain HTTP from another machine', () => {
    expect(fault({ ...AUTH, AUTH_JWKS_URL: 'http://id.pond.example/jwks' })).toBe(
      'Cannot start Cloud Brain: AUTH_JWKS_URL must be an https:// URL (http:// only on this machine)',
    )
  })
})
