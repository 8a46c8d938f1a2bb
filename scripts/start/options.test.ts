import { describe, expect, it } from 'vitest'
import { readOptions } from './options.mjs'

const defaults = {
  apiPort: undefined,
  sitePort: undefined,
  dataFolder: '/repository/.millpond/data',
  memoryOnly: false,
  seed: true,
  dev: false,
  help: false,
}

describe('readOptions()', () => {
  it('has a default for everything', () => {
    expect(readOptions([], {}, '/repository')).toEqual(defaults)
  })

  it('reads every option', () => {
    const args = ['--api-port', '0', '--site-port=3001', '--data', '/data', '--store', 'memory', '--no-seed', '--dev']
    expect(readOptions(args, {}, '/repository')).toEqual({
      apiPort: 0,
      sitePort: 3001,
      dataFolder: '/data',
      memoryOnly: true,
      seed: false,
      dev: true,
      help: false,
    })
  })

  it('takes ports from the environment when no option names one', () => {
    const env = { PORT: '8000', SITE_PORT: '8001' }
    expect(readOptions(['--api-port', '9000'], env, '/repository')).toEqual({
      ...defaults,
      apiPort: 9000,
      sitePort: 8001,
    })
  })

  it('takes an empty variable as absent', () => {
    expect(readOptions([], { PORT: '', SITE_PORT: '' }, '/repository')).toEqual(defaults)
  })

  it.each([
    [['--api-port', '-1'], {}, /^Cannot start: Option '--api-port' needs a value/],
    [['--api-port=65536'], {}, /^Cannot start: --api-port must be an integer from 0 to 65535, received "65536"$/],
    [[], { SITE_PORT: '1e3' }, /^Cannot start: SITE_PORT must be an integer from 0 to 65535, received "1e3"$/],
    [['--store', 'redis'], {}, /^Cannot start: --store must be memory, received "redis"\nOptions/],
    [['--data='], {}, /^Cannot start: --data must name a folder, received ""$/],
    [['--color'], {}, /^Cannot start: Unknown option '--color'\nOptions/],
    [['now'], {}, /^Cannot start: Unexpected argument 'now'/],
  ])('throws a message that names the rule when it reads %j and %j', (args, env, message) => {
    expect(() => readOptions(args, env, '/repository')).toThrow(message)
  })
})
