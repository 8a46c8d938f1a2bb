import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { afterAll, describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'
import { ConfigError } from './errors.ts'

const defaults = {
  kind: 'serve',
  redis: undefined,
  redisTls: undefined,
  data: undefined,
  token: undefined,
  host: '127.0.0.1',
  port: 8079,
  tls: undefined,
  cors: [],
  commandTimeoutMs: 5_000,
  maxReplyBytes: 268_435_456,
  drainMs: 10_000,
  json: false,
}

const folder = mkdtempSync(join(tmpdir(), 'millpond-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('readConfig()', () => {
  it('readConfig() has a default for everything', () => {
    expect(readConfig([], {})).toEqual(defaults)
  })

  it('readConfig() reads every option', () => {
    const key = write('key', 'K')
    const argv = [
      ...['--redis', 'redis://h:1', '--data', 'd', '--token', 't', '--host', '::1', '--port=0', '--json'],
      ...['--read-only-token', 'r', '--tokens', write('tokens', '[{"token":"p","prefix":"a:"}]')],
      ...[
        '--tls-key',
        key,
        '--tls-cert',
        key,
        '--cors',
        'https://a.b',
        '--cors',
        '*',
        '--timeout',
        '1',
        '--max-reply-bytes',
        '1099511627776',
        '--drain',
        '0',
      ],
    ]
    expect(readConfig(argv, {})).toEqual({
      kind: 'serve',
      redis: 'redis://h:1',
      redisTls: undefined,
      data: 'd',
      token: ['t', { token: 'p', prefix: 'a:' }, { token: 'r', readOnly: true }],
      host: '::1',
      port: 0,
      tls: { key: 'K', cert: 'K' },
      cors: ['https://a.b', '*'],
      commandTimeoutMs: 1,
      maxReplyBytes: 1_099_511_627_776,
      drainMs: 0,
      json: true,
    })
  })

  it('readConfig() takes the token from the environment unless one is given', () => {
    expect(readConfig([], { MILLPOND_REST_TOKEN: 'e' })).toEqual({ ...defaults, token: 'e' })
    expect(readConfig([], { MILLPOND_REST_TOKEN: '' })).toEqual(defaults)
    expect(readConfig(['--token', 't'], { MILLPOND_REST_TOKEN: 'e' })).toEqual({ ...defaults, token: 't' })
    const both = { MILLPOND_REST_TOKEN: 'e', MILLPOND_REST_READ_ONLY_TOKEN: 'r' }
    expect(readConfig([], both)).toEqual({ ...defaults, token: ['e', { token: 'r', readOnly: true }] })
  })

  it('readConfig() knows --help and --version', () => {
    expect(readConfig(['--help'], {})).toEqual({ kind: 'help' })
    expect(readConfig(['--version'], {})).toEqual({ kind: 'version' })
  })

  const refused: [string[], string][] = [
    [['--nope'], "Cannot read the command line: Unknown option '--nope'; see --help"],
    [['--timeout', '-1'], "Cannot read the command line: Option '--timeout' needs a value; see --help"],
    [['extra'], "Cannot read the command line: Unexpected argument 'extra'; see --help"],
    [['--port', 'x'], 'Cannot read the command line: --port must be an integer from 0 to 65535, received "x"'],
    [['--port', '65536'], 'Cannot read the command line: --port must be an integer from 0 to 65535, received "65536"'],
  ]
  refused.push(
    [['--timeout', '0'], 'Cannot read the command line: --timeout must be an integer from 1 to 3600000, received "0"'],
    [
      ['--max-reply-bytes', '256m'],
      'Cannot read the command line: --max-reply-bytes must be an integer from 1 to 1099511627776, received "256m"',
    ],
    [['--tls-key', 'k'], 'Cannot read the command line: --tls-key and --tls-cert go together'],
    [['--read-only-token', 'r'], 'Cannot read the command line: --read-only-token needs --token too'],
    [
      ['--tokens', '/none'],
      'Cannot read the command line: --tokens must name a file that can be read, received "/none" (ENOENT)',
    ],
    [
      ['--tokens', write('none', '[]')],
      'Cannot read the command line: --tokens names a file that is not a JSON array of objects with a "token"',
    ],
    [
      ['--tokens', write('bad', '[{"token":7}]')],
      'Cannot read the command line: --tokens names a file that is not a JSON array of objects with a "token"',
    ],
  )
  const tls = ['--redis', 'rediss://h']
  const [authority = ''] = rootCertificates
  it('readConfig() takes how the certificate of Redis is checked from the environment too', () => {
    const given = { ...defaults, redis: 'rediss://h' }
    const ca = write('ca', authority)
    for (const [argv, env] of [
      [['--redis-ca', ca], {}],
      [[], { MILLPOND_REST_REDIS_CA: ca }],
      [['--redis-ca', ca], { MILLPOND_REST_REDIS_CA: '/none', MILLPOND_REST_REDIS_TLS_INSECURE: '0' }],
    ] as const) {
      expect(readConfig([...tls, ...argv], env)).toEqual({ ...given, redisTls: { ca: authority } })
    }
    const insecure = { ...given, redisTls: { insecure: true } }
    expect(readConfig([...tls, '--redis-tls-insecure'], {})).toEqual(insecure)
    expect(readConfig(tls, { MILLPOND_REST_REDIS_TLS_INSECURE: '1' })).toEqual(insecure)
    expect(readConfig(tls, { MILLPOND_REST_REDIS_CA: '', MILLPOND_REST_REDIS_TLS_INSECURE: '' })).toEqual(given)
  })

  const broken = write('broken', authority.slice(0, 200))
  const refusedTls: [string[], Record<string, string>, string][] = [
    [[...tls, '--redis-ca', '/none'], {}, '--redis-ca must name a file that can be read, received "/none" (ENOENT)'],
    [
      tls,
      { MILLPOND_REST_REDIS_CA: '/none' },
      'MILLPOND_REST_REDIS_CA must name a file that can be read, received "/none" (ENOENT)',
    ],
    [[...tls, '--redis-ca', broken], {}, `--redis-ca must name a file of certificates in PEM, received "${broken}"`],
    [
      ['--redis', 'redis://:secret@h:1', '--redis-tls-insecure'],
      {},
      '--redis-tls-insecure needs --redis with a rediss:// or valkeys:// URL, received "redis://h:1"',
    ],
    [
      [],
      { MILLPOND_REST_REDIS_TLS_INSECURE: '1' },
      'MILLPOND_REST_REDIS_TLS_INSECURE needs --redis with a rediss:// or valkeys:// URL',
    ],
    [
      tls,
      { MILLPOND_REST_REDIS_TLS_INSECURE: 'yes' },
      'MILLPOND_REST_REDIS_TLS_INSECURE must be 1 or 0, received "yes"',
    ],
    [
      [...tls, '--redis-tls-insecure'],
      { MILLPOND_REST_REDIS_CA: broken },
      'MILLPOND_REST_REDIS_CA and --redis-tls-insecure exclude each other',
    ],
  ]
  it.each(refusedTls)('readConfig() refuses %j with %j', (argv, env, message) => {
    expect(() => readConfig(argv, env)).toThrow(new ConfigError(`Cannot read the command line: ${message}`))
  })

  it.each(refused)('readConfig() refuses %j', (argv, message) => {
    expect(() => readConfig(argv, {})).toThrow(new ConfigError(message))
  })
})
