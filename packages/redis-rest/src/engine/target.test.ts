import { describe, expect, it } from 'vitest'
import { ConfigError } from '../errors.ts'
import { readTarget, type Target } from './target.ts'

const plain: Target = {
  host: 'h',
  port: 6379,
  tls: undefined,
  username: undefined,
  password: undefined,
  database: 0,
}

describe('readTarget()', () => {
  const read: [string, Partial<Target>][] = [
    ['redis://h', {}],
    ['valkey://h/', {}],
    ['rediss://h:1', { port: 1, tls: { kind: 'known' } }],
    ['valkeys://h/15', { database: 15, tls: { kind: 'known' } }],
    ['redis://[::1]:6380/99999', { host: '::1', port: 6380, database: 99_999 }],
    ['redis://:p%40ss%3A@h', { password: 'p@ss:' }],
    ['redis://us%2Fer:pw@h', { username: 'us/er', password: 'pw' }],
  ]
  it.each(read)('readTarget() reads %s', (url, expected) => {
    expect(readTarget(url)).toEqual({ ...plain, ...expected })
  })

  const refused: [string, string][] = [
    ['', 'a text that is not a URL'],
    ['h:6379', '"h://"'],
    ['redis:///0', '"redis://"'],
    ['redis://h/100000', '"redis://h"'],
    ['redis://h/x', '"redis://h"'],
  ]
  it.each(refused)('readTarget() refuses %j without repeating a password', (url, received) => {
    const message = `Cannot connect to Redis: the URL must look like redis://host:6379, received ${received}`
    expect(() => readTarget(url)).toThrow(new ConfigError(message))
  })

  it.each(['redis://:sec%ret@h', 'redis://sec%ret:x@h'])('readTarget() says how %s is to be written', (url) => {
    const message = 'Cannot connect to Redis: user and password of the URL must be percent-encoded, "%" as "%25"'
    expect(() => readTarget(url)).toThrow(new ConfigError(message))
  })
})
