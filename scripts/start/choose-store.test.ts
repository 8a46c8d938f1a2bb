import { describe, expect, it } from 'vitest'
import { chooseStore, findOnPath } from './choose-store.mjs'

const withRedis = { memoryOnly: false, findProgram: () => '/usr/bin/redis-server' }
const withoutRedis = { memoryOnly: false, findProgram: () => undefined }
const url = 'https://calm-otter-1.upstash.io'
const token = 'AbCdEf'

const credentials = (UPSTASH_REDIS_REST_URL?: string, UPSTASH_REDIS_REST_TOKEN?: string) => ({
  ...(UPSTASH_REDIS_REST_URL === undefined ? {} : { UPSTASH_REDIS_REST_URL }),
  ...(UPSTASH_REDIS_REST_TOKEN === undefined ? {} : { UPSTASH_REDIS_REST_TOKEN }),
})

describe('chooseStore()', () => {
  it('takes the credentials when both are set', () => {
    expect(chooseStore(credentials(` ${url} `, token), withRedis)).toEqual({ kind: 'upstash', url, token })
  })

  it('takes the Redis of this machine when no credentials are set', () => {
    expect(chooseStore(credentials('', ''), withRedis)).toEqual({ kind: 'redis', program: '/usr/bin/redis-server' })
  })

  it('takes memory when there is neither', () => {
    expect(chooseStore({}, withoutRedis)).toEqual({ kind: 'memory' })
  })

  it('takes memory when asked to, whatever is set', () => {
    expect(chooseStore(credentials('nonsense'), { ...withRedis, memoryOnly: true })).toEqual({ kind: 'memory' })
  })

  it.each([
    [url, undefined, 'Cannot start: UPSTASH_REDIS_REST_URL is set but UPSTASH_REDIS_REST_TOKEN is not'],
    ['', token, 'Cannot start: UPSTASH_REDIS_REST_TOKEN is set but UPSTASH_REDIS_REST_URL is not'],
    ['calm-otter-1.upstash.io', token, 'Cannot start: UPSTASH_REDIS_REST_URL must be an http or https URL'],
    ['redis://127.0.0.1:6379', token, 'Cannot start: UPSTASH_REDIS_REST_URL must be an http or https URL'],
    [
      'https://example.upstash.io',
      token,
      'Cannot start: UPSTASH_REDIS_REST_URL is a placeholder, received "https://example.upstash.io"',
    ],
    [
      'https://your-url.upstash.io',
      token,
      'Cannot start: UPSTASH_REDIS_REST_URL is a placeholder, received "https://your-url.upstash.io"',
    ],
    [url, 'your-token', 'Cannot start: UPSTASH_REDIS_REST_TOKEN is a placeholder'],
    [url, 'YOUR_UPSTASH_TOKEN', 'Cannot start: UPSTASH_REDIS_REST_TOKEN is a placeholder'],
    [url, 'changeme', 'Cannot start: UPSTASH_REDIS_REST_TOKEN is a placeholder'],
    [url, '<token>', 'Cannot start: UPSTASH_REDIS_REST_TOKEN is a placeholder'],
    [url, 'xxxxxxxx', 'Cannot start: UPSTASH_REDIS_REST_TOKEN is a placeholder'],
  ])('throws one message when the URL is %j and the token %j', (givenUrl, givenToken, message) => {
    const choose = () => chooseStore(credentials(givenUrl, givenToken), withRedis)
    expect(choose).toThrow(expect.objectContaining({ message, code: 'CANNOT_START' }))
  })
})

describe('findOnPath()', () => {
  it('finds the first name that is a program, and nothing on an empty PATH', () => {
    expect(findOnPath(['no-such-program', 'sh'], '/nowhere:/bin')).toBe('/bin/sh')
    expect(findOnPath(['sh'], '')).toBe(undefined)
  })
})
