import { Redis } from '@upstash/redis'
import { describeEngines, type StartedRedis, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createServer, type RestServer } from '../src/index.ts'
import { command, request } from './request.ts'

describeEngines('tokens', (engine) => {
  let redis: StartedRedis
  let server: RestServer

  beforeAll(async () => {
    redis = await startRedis({ engine })
    const token = [
      'full',
      { token: 'reader', readOnly: true },
      { token: 'confined', prefix: 'a*[b]:' },
      { token: 'short', prefix: 's' },
    ]
    server = await createServer({ redis: redis.url, token })
  })
  afterAll(async () => {
    await server?.close()
    await redis?.stop()
  })
  beforeEach(async () => {
    await command(server, 'FLUSHALL')
  })

  const run = async (token: string, ...words: (string | number)[]): Promise<unknown> => {
    const { text } = await request(server, '/', { token, body: JSON.stringify(words) })
    return (JSON.parse(text) as { result?: unknown; error?: string }).error ?? JSON.parse(text).result
  }
  const noperm = (name: string, reason: string): string =>
    `NOPERM this token has no permissions to run the '${name}' command: ${reason}`

  const reads: [(string | number)[], unknown][] = [
    [['GET', 'k'], 'v'],
    [['hgetall', 'none'], []],
    [['PING'], 'PONG'],
    [['STRLEN', 'k'], 1],
    [['OBJECT', 'ENCODING', 'k'], 'embstr'],
    [['XRANGE', 'none', '-', '+'], []],
    [['SORT_RO', 'none'], []],
    [['BITFIELD_RO', 'k', 'GET', 'u8', 0], [118]],
    [['NOPE'], "ERR unknown command 'NOPE'"],
  ]
  it.each(reads)('a read-only token may run %j', async (words, expected) => {
    await command(server, 'SET', 'k', 'v')
    expect(await run('reader', ...words)).toEqual(expected)
  })

  const writes = [
    ...['SET k v', 'del k', 'GETDEL k', 'GETEX k EX 1', 'SCAN 0', 'KEYS *', 'DBSIZE', 'RANDOMKEY', 'FLUSHALL'],
    ...[
      'EVAL return 0',
      'EVAL_RO return 0',
      'EVALSHA_RO x 0',
      'FCALL_RO f 0',
      'SORT k STORE l',
      'PUBLISH a b',
      'XGROUP CREATE k g $',
    ],
    ...['SCRIPT FLUSH', 'FUNCTION FLUSH', 'CLIENT LIST', 'INFO', 'BITFIELD k SET u8 0 1', 'OBJECT HELP'],
  ]
  it.each(writes)('a read-only token may not run %s', async (line) => {
    const [name = '', ...args] = line.split(' ')
    expect(await run('reader', name, ...args)).toBe(noperm(name.toLowerCase(), 'it is read-only'))
  })

  it('a read-only token is refused in its slots of a pipeline, and as a whole in a transaction', async () => {
    const body = '[["GET","k"],["SET","k","v"]]'
    const message = noperm('set', 'it is read-only')
    const pipeline = await request(server, '/pipeline', { token: 'reader', body })
    expect([pipeline.status, pipeline.text]).toEqual([200, `[{"result":null},{"error":"${message}"}]`])
    const transaction = await request(server, '/multi-exec', { token: 'reader', body })
    expect([transaction.status, transaction.text]).toEqual([400, `{"error":"${message}"}`])
    expect(await command(server, 'EXISTS', 'k')).toBe('{"result":0}')
  })

  it.each(['reader', 'confined'])('%s may not watch what others do and read no metrics', async (token) => {
    expect((await request(server, '/monitor', { token })).status).toBe(400)
    expect((await request(server, '/metrics', { token })).status).toBe(403)
  })

  it('a prefix is put before every key, of every form of command', async () => {
    const lines = [
      'SET one 1',
      'MSET two 2 three 3',
      'RENAME three four',
      'COPY four five',
      'RPUSH list a b',
      'ZADD z 1 a',
      'ZUNIONSTORE zz 2 z none',
      'XADD s 1-1 f v',
      'XGROUP CREATE s g 0',
      'BITOP OR bits one two',
      'LMOVE list other LEFT RIGHT',
      'PFADD hll a',
      'GEOADD geo 1 1 a',
      'GEOSEARCHSTORE found geo FROMLONLAT 1 1 BYRADIUS 1 km',
    ]
    for (const line of lines) expect(String(await run('confined', ...line.split(' ')))).not.toMatch(/^(ERR|NOPERM)/)
    const keys: string[] = JSON.parse(await command(server, 'KEYS', '*')).result
    expect(keys.length).toBe(13)
    expect(keys.filter((key) => !key.startsWith('a*[b]:'))).toEqual([])
    expect(((await run('confined', 'KEYS', '*')) as string[]).sort()).toEqual(keys.map((key) => key.slice(6)).sort())
    expect(await run('confined', 'OBJECT', 'ENCODING', 'one')).toBe('int')
  })

  it('a prefix is taken off the replies that name keys', async () => {
    await run('confined', 'XADD', 's', '1-1', 'f', 'v')
    await run('confined', 'RPUSH', 'l', 'x')
    await command(server, 'SET', 'aXbX', 'not mine')
    await command(server, 'SET', 'other', 'not mine')
    expect(await run('confined', 'XREAD', 'COUNT', 1, 'STREAMS', 's', '0')).toEqual([['s', [['1-1', ['f', 'v']]]]])
    expect(await run('confined', 'XREAD', 'STREAMS', 'none', '0')).toBe(null)
    expect(await run('confined', 'LMPOP', 2, 'none', 'l', 'LEFT')).toEqual(['l', ['x']])
    expect(await run('confined', 'SCAN', 0)).toEqual(['0', ['s']])
    expect(await run('confined', 'SCAN', 0, 'MATCH', 'o*')).toEqual(['0', []])
    expect(await run('confined', 'SCAN', 0, 'WITHTYPE', 'MATCH', '?')).toEqual(['0', ['s', 'stream']])
    expect(await run('confined', 'GET', 'other')).toBe(null)
    await run('short', 'SET', 'k', 'v')
    expect(await run('short', 'SCAN', 0, 'WITHTYPE')).toEqual(['0', ['k', 'string']])
    expect(await run('short', 'SCAN', 0, 'MATCH', 'WITHTYPE')).toEqual(['0', []])
    for (const key of ['s', 'st', 'set']) await run('short', 'SADD', key, 'm')
    const body = '[["SCAN",0,"WITHTYPE","COUNT",100]]'
    const [scan] = JSON.parse((await request(server, '/multi-exec', { token: 'short', body })).text)
    const [cursor, items] = scan.result as [string, string[]]
    const pairs = items.flatMap((item, index) => (index % 2 === 0 ? `${item} ${items[index + 1]}` : []))
    expect([cursor, pairs.sort()]).toEqual(['0', ['k string', 's set', 'set set', 'st set']])
  })

  it('with a prefix too, format resp2 gives the nil that Redis sent', async () => {
    await run('confined', 'XADD', 's', '1-1', 'f', 'v')
    await run('confined', 'XGROUP', 'CREATE', 's', 'g', '0')
    await run('confined', 'XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', '>')
    await run('confined', 'XDEL', 's', '1-1')
    const raw = async (...words: string[]): Promise<string> => {
      const options = { token: 'confined', headers: { 'upstash-response-format': 'resp2' } }
      return (await request(server, '/', { ...options, body: JSON.stringify(words) })).text
    }
    expect(await raw('XREAD', 'STREAMS', 'none', '0')).toBe('*-1\r\n')
    const deleted = '*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*-1\r\n'
    expect(await raw('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', '0')).toBe(deleted)
  })

  it('nobody makes the shared connection wait or end', async () => {
    await command(server, 'XGROUP', 'CREATE', 's', 'STREAMS', '$', 'MKSTREAM')
    const blocking = 'it would make all requests wait on the shared connection'
    const refusals = [
      ['XREADGROUP GROUP STREAMS c BLOCK 0 STREAMS s >', `ERR 'XREADGROUP BLOCK' is not available here: ${blocking}`],
      ['XREAD BLOCK\0 0 STREAMS s $', `ERR 'XREAD BLOCK' is not available here: ${blocking}`],
      ['POST x', "ERR 'POST' is not available here: it would change the connection that all requests share"],
    ] as const
    for (const [line, message] of refusals) expect(await run('full', ...line.split(' '))).toBe(message)
    expect(await run('full', 'XREADGROUP', 'GROUP', 'STREAMS', 'c', 'STREAMS', 's', '>')).toBe(null)
  })

  const outside = [
    ...['EVAL return 02 a b', 'SCRIPT FLUSH', 'SCRIPT KILL', 'FUNCTION LIST', 'FLUSHALL', 'DBSIZE', 'RANDOMKEY'],
    ...[
      'SORT k BY w_*',
      'SORT k GET *',
      'SORT k STORE l',
      'GEORADIUS k 1 1 1 m STORE a STORE b',
      // Redis reads an option up to a NUL.
      'SORT k STORE\0 l',
      'SORT_RO k GET\0x *',
      'GEORADIUS k 1 1 1 m STORE\0 a',
      'INFO',
      'CLIENT LIST',
    ],
    ...['ZUNIONSTORE a x b', 'ZUNION 9 a', 'SCAN 0 NOPE x', 'PUBSUB NUMPAT', 'NOPE k'],
  ]
  it.each(outside)('a token with a prefix may not run %s', async (line) => {
    expect(await run('confined', ...line.split(' '))).toMatch(/^NOPERM this token has no permissions/)
  })

  it('the SDK works with a prefix', async () => {
    const client = new Redis({ url: server.url, token: 'confined', enableTelemetry: false })
    await client.set('k', { a: 1 })
    expect(await client.pipeline().get('k').mget('k', 'none').exec()).toEqual([{ a: 1 }, [{ a: 1 }, null]])
    expect(await client.multi().incr('n').incr('n').exec()).toEqual([1, 2])
    expect(await client.scan(0, { withType: true, match: 'n' })).toEqual(['0', [{ key: 'n', type: 'string' }]])
    expect(await command(server, 'EXISTS', 'a*[b]:k', 'a*[b]:n')).toBe('{"result":2}')
  })
})
