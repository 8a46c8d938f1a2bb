import { Redis } from '@upstash/redis'
import { describeEngines, type StartedRedis, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createServer, type RestServer } from '../src/index.ts'

const locked = '#!lua flags=allow-key-locking\nreturn {KEYS[1], ARGV[1]}'

describeEngines('@upstash/redis', (engine) => {
  let started: StartedRedis
  let server: RestServer
  let redis: Redis

  beforeAll(async () => {
    started = await startRedis({ engine })
    server = await createServer({ redis: started.url })
    redis = new Redis({ url: server.url, token: server.token, enableTelemetry: false })
  })
  afterAll(async () => {
    await server?.close()
    await started?.stop()
  })
  beforeEach(async () => {
    await redis.flushall()
  })

  it('get() returns what set() stored, of every JSON type', async () => {
    const values = [
      'text',
      '',
      'OK',
      'T0s=',
      137,
      -1.5,
      true,
      null,
      { a: [1, 'é', null] },
      [1, 'two', [3]],
      'a\u0000b',
      '🦆中\u2028',
    ]
    for (const [index, value] of values.entries()) {
      await redis.set(`k${index}`, value)
      expect(await redis.get(`k${index}`)).toEqual(value)
    }
  })

  it('get() returns null for a missing key, del() the number of deleted keys', async () => {
    await redis.mset({ a: 1, b: 'two' })
    expect(await redis.get('none')).toBe(null)
    expect(await redis.mget('a', 'none', 'b')).toEqual([1, null, 'two'])
    expect(await redis.del('a', 'b', 'none')).toBe(2)
  })

  it('set() understands its options', async () => {
    expect(await redis.set('k', 'v', { ex: 100 })).toBe('OK')
    expect(await redis.ttl('k')).toBe(100)
    expect(await redis.set('k', 'w', { nx: true })).toBe(null)
    expect(await redis.set('k', 'w', { get: true })).toBe('v')
  })

  it('hashes, sorted sets, lists and scans come back in the shapes of the SDK', async () => {
    await redis.hset('h', { a: 1, b: { c: 'd' } })
    expect(await redis.hgetall('h')).toEqual({ a: 1, b: { c: 'd' } })
    expect(await redis.hgetall('none')).toBe(null)
    await redis.zadd('z', { score: 1.5, member: 'a' }, { score: 2, member: 'b' })
    expect(await redis.zrange('z', 0, -1, { withScores: true })).toEqual(['a', 1.5, 'b', 2])
    await redis.rpush<unknown>('l', 'a', { b: 1 })
    expect(await redis.lrange('l', 0, -1)).toEqual(['a', { b: 1 }])
    expect(await redis.scan(0, { match: 'z*' })).toEqual(['0', ['z']])
    await redis.xadd('x', '1-1', { f: 'v' })
    expect(await redis.xrange('x', '-', '+')).toEqual({ '1-1': { f: 'v' } })
    expect(await redis.type('z')).toBe('zset')
  })

  it('numbers above 2^53 arrive exactly when read as text', async () => {
    const exact = new Redis({ url: server.url, token: server.token, automaticDeserialization: false })
    await exact.set('n', '9007199254740993')
    expect(await exact.get('n')).toBe('9007199254740993')
    expect(await redis.get('n')).toBe('9007199254740993')
  })

  it('get() of a value that is not UTF-8 does not break the answer', async () => {
    await redis.setbit('bits', 0, 1)
    expect(await redis.get('bits')).toBe('\ufffd')
    expect(await redis.ping()).toBe('PONG')
  })

  it('eval(), evalsha() and scriptLoad() run scripts with allow-key-locking', async () => {
    expect(await redis.eval(locked, ['k'], ['v'])).toEqual(['k', 'v'])
    const sha = await redis.scriptLoad(locked)
    expect(await redis.scriptExists(sha)).toEqual([1])
    expect(await redis.evalsha(sha, ['k'], [7])).toEqual(['k', 7])
  })

  it('createScript() calls by SHA1 and loads the script when Redis has lost it', async () => {
    const script = redis.createScript<[string, string]>(locked)
    for (let round = 0; round < 2; round += 1) {
      await redis.scriptFlush()
      expect(await script.exec(['k'], ['v'])).toEqual(['k', 'v'])
      expect(await script.evalsha(['k'], ['w'])).toEqual(['k', 'w'])
    }
  })

  it('pipeline() answers each command, with errors in their slots', async () => {
    expect(await redis.pipeline().set('k', 'v').get('k').incr('n').hgetall('none').exec()).toEqual(['OK', 'v', 1, null])
    expect(await redis.pipeline().set('k', 'v').incr('k').get('k').exec({ keepErrors: true })).toEqual([
      { error: undefined, result: 'OK' },
      { error: 'ERR value is not an integer or out of range', result: undefined },
      { error: undefined, result: 'v' },
    ])
    await expect(redis.pipeline().set('k', 'v').incr('k').exec()).rejects.toThrow(
      'Command 2 [ incr ] failed: ERR value is not an integer or out of range',
    )
  })

  it('multi() runs as one transaction and is discarded as a whole on a wrong command', async () => {
    expect(await redis.multi().set('k', 1).incr('k').get('none').exec()).toEqual(['OK', 2, null])
    await expect(redis.multi().set('k', 'lost').mget().exec()).rejects.toThrow('EXECABORT')
    expect(await redis.get('k')).toBe(2)
  })

  it('1,000 calls of one tick travel as one pipeline', async () => {
    const automatic = new Redis({ url: server.url, token: server.token, enableAutoPipelining: true })
    const sent = await Promise.all(Array.from({ length: 1_000 }, (_, index) => automatic.set(`k${index}`, `v${index}`)))
    expect(new Set(sent)).toEqual(new Set(['OK']))
    const received = await Promise.all(Array.from({ length: 1_000 }, (_, index) => automatic.get(`k${index}`)))
    expect(received).toEqual(Array.from({ length: 1_000 }, (_, index) => `v${index}`))
  })

  it('an error is an UpstashError with the words of Redis', async () => {
    await redis.set('k', 'v')
    await expect(redis.incr('k')).rejects.toThrow('ERR value is not an integer or out of range')
    const stranger = new Redis({ url: server.url, token: 'wrong' })
    await expect(stranger.get('k')).rejects.toThrow('WRONGPASS invalid or missing auth token')
  })

  it('responseEncoding: false works without base64', async () => {
    const plain = new Redis({ url: server.url, token: server.token, responseEncoding: false })
    await plain.set('k', { a: 'é' })
    expect(await plain.get('k')).toEqual({ a: 'é' })
  })
})
