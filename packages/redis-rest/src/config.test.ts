import { describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'
import { ConfigError } from './errors.ts'

const defaults = { kind: 'serve', redis: undefined, token: undefined, host: '127.0.0.1', port: 8079, json: false }

describe('readConfig()', () => {
  it('readConfig() has a default for everything', () => {
    expect(readConfig([], {})).toEqual(defaults)
  })

  it('readConfig() reads every option', () => {
    const argv = ['--redis', 'redis://h:1', '--token', 't', '--host', '::1', '--port=0', '--json']
    expect(readConfig(argv, {})).toEqual({
      kind: 'serve',
      redis: 'redis://h:1',
      token: 't',
      host: '::1',
      port: 0,
      json: true,
    })
  })

  it('readConfig() takes the token from the environment unless one is given', () => {
    expect(readConfig([], { MILLPOND_REST_TOKEN: 'e' })).toEqual({ ...defaults, token: 'e' })
    expect(readConfig([], { MILLPOND_REST_TOKEN: '' })).toEqual(defaults)
    expect(readConfig(['--token', 't'], { MILLPOND_REST_TOKEN: 'e' })).toEqual({ ...defaults, token: 't' })
  })

  it('readConfig() knows --help and --version', () => {
    expect(readConfig(['--help'], {})).toEqual({ kind: 'help' })
    expect(readConfig(['--version'], {})).toEqual({ kind: 'version' })
  })

  const refused: [string[], string][] = [
    [['--nope'], "Cannot read the command line: Unknown option '--nope'; see --help"],
    [['extra'], "Cannot read the command line: Unexpected argument 'extra'; see --help"],
    [['--port', 'x'], 'Cannot read the command line: --port must be an integer from 0 to 65535, received "x"'],
    [['--port', '65536'], 'Cannot read the command line: --port must be an integer from 0 to 65535, received "65536"'],
  ]
  it.each(refused)('readConfig() refuses %j', (argv, message) => {
    expect(() => readConfig(argv, {})).toThrow(new ConfigError(message))
  })
})
