import { Redis } from '@upstash/redis'
import { Redis as Direct } from 'ioredis'
import { describeEngines, isAtLeast, type StartedRedis, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createServer, type RestServer } from '../src/index.ts'
import { command, request } from './request.ts'

/** What a script may call that names no key; none of it shows or changes what belongs to others. */
const harmless = /^(echo|ping|time|lolwut|asking|command$|command\||memory\||cluster\|slots$|[a-z]+\|help$)/

describeEngines('scripts and pub/sub of a token with a prefix', (engine) => {
  const prefix = 'a*[b]:'
  let redis: StartedRedis
  let server: RestServer
  let direct: Direct

  beforeAll(async () => {
    redis = await startRedis({ engine })
    const token = [
      'full',
      { token: 'confined', prefix },
      { token: 'spaced', prefix: 'a b:' },
      { token: 'other', prefix: 'o:' },
    ]
    server = await createServer({ redis: redis.url, token })
    direct = new Direct(redis.url)
  })
  afterAll(async () => {
    direct?.disconnect()
    await server?.close()
    await redis?.stop()
  })
  beforeEach(async () => {
    await command(server, 'FLUSHALL')
    await command(server, 'SCRIPT', 'FLUSH')
  })

  const run = async (token: string, ...words: (string | number)[]): Promise<unknown> => {
    const { text } = await request(server, '/', { token, body: JSON.stringify(words) })
    const answer = JSON.parse(text) as { result?: unknown; error?: string }
    return answer.error ?? answer.result
  }

  it('the keys of a script get the prefix', async () => {
    expect(await run('confined', 'EVAL', "return redis.call('SET', KEYS[1], ARGV[1])", 1, 'k', 'v')).toBe('OK')
    expect(await direct.get(`${prefix}k`)).toBe('v')
    const sha = await run('confined', 'SCRIPT', 'LOAD', "return redis.call('GET', KEYS[1])")
    expect(await run('confined', 'EVALSHA', String(sha), 1, 'k')).toBe('v')
    expect(await run('confined', 'SCRIPT', 'EXISTS', String(sha))).toEqual([1])
    expect(await run('other', 'EVALSHA', String(sha), 1, 'k')).toBe(null)
    expect(await run('confined', 'EVAL', 'return KEYS[1]', 1, 'k')).toBe(`${prefix}k`)
    expect(await run('confined', 'EVAL', 'return ARGV[1]', 0, 'x')).toBe('x')
  })

  const escapes: [string, string][] = [
    ['a literal key', "return redis.call('GET', 'secret')"],
    ['a key it makes', "return redis.call('GET', 'sec' .. 'ret')"],
    ['a key that only the pattern without escapes would match', "return redis.call('GET', 'aXb:secret')"],
    ['several keys', "return redis.call('MGET', KEYS[1], 'secret')"],
    ['a key to write', "return redis.call('SET', 'secret', 'x')"],
    ['a key to rename to', "return redis.call('RENAME', KEYS[1], 'secret')"],
    ['a key to sort by', "return redis.call('SORT', KEYS[1], 'BY', 'nosort', 'GET', 'sec*')"],
    ['a key to store', "return redis.call('SUNIONSTORE', KEYS[1], 'secret')"],
    ['SCAN', "return redis.call('SCAN', '0')"],
    ['KEYS', "return redis.call('KEYS', '*')"],
    ['RANDOMKEY', "return redis.call('RANDOMKEY')"],
    ['DBSIZE', "return redis.call('DBSIZE')"],
    ['FLUSHALL', "return redis.call('FLUSHALL')"],
    ['CONFIG', "return redis.call('CONFIG', 'GET', '*')"],
    ['INFO', "return redis.call('INFO')"],
    ['SELECT', "return redis.call('SELECT', 1)"],
    ['MOVE', "return redis.call('MOVE', KEYS[1], 1)"],
    ['CLIENT', "return redis.call('CLIENT', 'LIST')"],
    ['PUBSUB', "return redis.call('PUBSUB', 'CHANNELS')"],
    ['another channel', "return redis.call('PUBLISH', 'secret', 'x')"],
    ['ACL', "return redis.call('ACL', 'SETUSER', 'default', 'off')"],
  ]
  it.each(escapes)('a script cannot reach beyond its prefix by %s', async (_, script) => {
    await direct.mset('secret', 's', 'aXb:secret', 's', `${prefix}k`, 'v')
    expect(await run('confined', 'EVAL', script, 1, 'k')).toMatch(
      /(NOPERM|ACL failure|can't (access|run|publish)|No permissions|not allowed from|does not have permission)/i,
    )
    expect(await direct.mget('secret', 'aXb:secret', `${prefix}k`)).toEqual(['s', 's', 'v'])
  })

  it.each([
    ['PFMERGE of nothing', "return redis.call('PFMERGE', 'secret')"],
    [
      'GEORADIUS that stores twice',
      "return redis.call('GEORADIUS', KEYS[1], 0, 0, 9, 'km', 'STORE', KEYS[1], 'STORE', 'secret')",
    ],
    [
      'GEORADIUSBYMEMBER that stores twice',
      "return redis.call('GEORADIUSBYMEMBER', KEYS[1], 'm', 9, 'km', 'STORE', KEYS[1], 'STOREDIST', 'secret')",
    ],
    [
      'GEOSEARCHSTORE',
      "return redis.call('GEOSEARCHSTORE', 'secret', KEYS[1], 'FROMMEMBER', 'm', 'BYRADIUS', 9, 'km')",
    ],
    ['RESTORE', "return redis.call('RESTORE', 'secret', 0, redis.call('DUMP', KEYS[2]))"],
    ['ZUNIONSTORE', "return redis.call('ZUNIONSTORE', 'secret', 1, KEYS[1])"],
    ['BITOP', "return redis.call('BITOP', 'NOT', 'secret', KEYS[2])"],
    ['LMOVE', "return redis.call('LMOVE', KEYS[3], 'secret', 'LEFT', 'LEFT')"],
    ['SMOVE', "return redis.call('SMOVE', KEYS[4], 'secret', 'm')"],
  ])('a script makes no key beyond its prefix by %s', async (_, script) => {
    await direct.geoadd(`${prefix}k`, 0, 0, 'm')
    await direct.set(`${prefix}t`, 'x')
    await direct.rpush(`${prefix}l`, 'm')
    await direct.sadd(`${prefix}s`, 'm')
    expect(await run('confined', 'EVAL', script, 4, 'k', 't', 'l', 's')).toMatch(/(ERR|NOPERM)/)
    expect(await direct.exists('secret')).toBe(0)
  })

  it.each([
    [
      'a group named like the word before the keys',
      "return redis.call('XREADGROUP', 'GROUP', 'STREAMS', 'c', 'STREAMS', 'secret', '>')",
    ],
    ['a consumer so named', "return redis.call('XREADGROUP', 'GROUP', 'g', 'STREAMS', 'STREAMS', 'secret', '>')"],
    ['both', "return redis.call('XREADGROUP', 'GROUP', 'STREAMS', 'STREAMS', 'STREAMS', 'secret', '>')"],
  ])('a script reads no stream beyond its prefix for %s', async (_, script) => {
    for (const group of ['g', 'STREAMS']) await direct.xgroup('CREATE', 'secret', group, '0', 'MKSTREAM')
    await direct.xadd('secret', '*', 'f', 'hidden')
    expect(JSON.stringify(await run('confined', 'EVAL', script, 0))).not.toContain('hidden')
  })

  it('a script of the server itself cannot be borrowed', async () => {
    await direct.set('secret', 's')
    const { scanWithTypes } = await import('../src/protocol/adapt-command.ts')
    const stolen = await run('confined', 'EVAL', scanWithTypes, 0, '0', 'MATCH', '*')
    expect(String(stolen)).not.toContain('secret')
    expect(String(stolen)).toMatch(/^(ERR|NOPERM)/)
  })

  it('a function runs as the user of the token', async () => {
    if (!isAtLeast(engine, [7, 0])) return
    const library = `#!lua name=lib
redis.register_function('read', function(keys, args) return redis.call('GET', args[1] or keys[1]) end)`
    await run('full', 'FUNCTION', 'LOAD', 'REPLACE', library)
    await direct.mset('secret', 's', `${prefix}k`, 'v')
    expect(await run('confined', 'FCALL', 'read', 1, 'k')).toBe('v')
    expect(await run('confined', 'FCALL', 'read', 1, 'k', 'secret')).toMatch(/permission|NOPERM|access/i)
  })

  it('scripts that only read and name no key run too', async () => {
    if (!isAtLeast(engine, [7, 0])) return
    const sha = await run('confined', 'SCRIPT', 'LOAD', 'return 1')
    await run(
      'full',
      'FUNCTION',
      'LOAD',
      'REPLACE',
      '#!lua name=one\nredis.register_function{function_name="one", callback=function() return 1 end, flags={"no-writes"}}',
    )
    const lines = [
      ['EVAL', 'return 1'],
      ['EVAL_RO', 'return 1'],
      ['EVALSHA', sha],
      ['EVALSHA_RO', sha],
      ['FCALL', 'one'],
      ['FCALL_RO', 'one'],
    ]
    expect(await Promise.all(lines.map(([name, script]) => run('confined', String(name), String(script), 0)))).toEqual(
      Array(6).fill(1),
    )
  })

  it('every command that the user may run without a key shows nothing of others', async () => {
    if (!isAtLeast(engine, [7, 0])) return
    await run('confined', 'EVAL', 'return 1', 0)
    const users = (await direct.call('ACL', 'USERS')) as string[]
    const user = users.find((name) => name.startsWith('millpond-rest-')) ?? ''
    const allowed: string[] = []
    const visit = async (info: unknown[]): Promise<void> => {
      const [name, arity, flags, first, , , , , specs, subcommands] = info as [
        string,
        number,
        string[],
        number,
        0,
        0,
        0,
        0,
        unknown[],
        unknown[][],
      ]
      if (subcommands.length > 0) {
        for (const one of subcommands) await visit(one)
        return
      }
      if (specs.length > 0 || first > 0 || flags.includes('movablekeys') || flags.includes('noscript')) return
      const words = name.split('|')
      const padding = new Array<string>(Math.max(0, Math.abs(arity) - words.length)).fill('x')
      if ((await direct.call('ACL', 'DRYRUN', user, ...words, ...padding)) === 'OK') allowed.push(name)
    }
    for (const info of (await direct.call('COMMAND')) as unknown[][]) await visit(info)
    expect(allowed.filter((name) => !harmless.test(name))).toEqual([])
    expect(allowed).toContain('ping')
  })

  it('a pipeline keeps its order between scripts and what a script may not do', async () => {
    const body = JSON.stringify([
      ['SET', 'k', 1],
      ['EVAL', "return redis.call('INCR', KEYS[1])", 1, 'k'],
      ['KEYS', '*'],
      ['DEL', 'k'],
      ['EVAL', "return redis.call('EXISTS', KEYS[1])", 1, 'k'],
      ['SCAN', 0, 'WITHTYPE'],
    ])
    const { text } = await request(server, '/pipeline', { token: 'confined', body })
    const results = (JSON.parse(text) as { result: unknown }[]).map(({ result }) => result)
    expect(results).toEqual(['OK', 2, ['k'], 1, 0, ['0', []]])
  })

  it('a pipeline with a script runs what the user of scripts may not', async () => {
    const script = ['EVAL', 'return 1', 0]
    await direct.rpush(`${prefix}l`, '2', '1')
    const reads = [
      ['SORT', 'l'],
      ['COMMAND', 'GETKEYS', 'GET', 'k'],
    ]
    for (const words of reads) {
      const alone = await run('confined', ...(words as string[]))
      const { text } = await request(server, '/pipeline', { token: 'confined', body: JSON.stringify([script, words]) })
      const [, last] = JSON.parse(text) as { result?: unknown; error?: string }[]
      expect(last?.error ?? last?.result).toEqual(alone)
      expect(String(alone)).not.toContain('NOPERM')
    }
  })

  it('a transaction with a script is one', async () => {
    const body = JSON.stringify([
      ['SET', 'k', 1],
      ['EVAL', "return redis.call('INCR', KEYS[1])", 1, 'k'],
      ['GET', 'k'],
    ])
    const { text } = await request(server, '/multi-exec', { token: 'confined', body })
    expect(text).toBe('[{"result":"OK"},{"result":2},{"result":"2"}]')
  })

  it('scripts work again after Redis has forgotten its users', async () => {
    await run('confined', 'EVAL', 'return 1', 0)
    const users = (await direct.call('ACL', 'USERS')) as string[]
    await direct.call('ACL', 'DELUSER', ...users.filter((name) => name !== 'default'))
    await expect.poll(() => run('confined', 'EVAL', 'return 2', 0), { timeout: 15_000 }).toBe(2)
  })

  it('scripts are refused, with the reason, where Redis makes no such user', async () => {
    expect(await run('spaced', 'SET', 'k', 'v')).toBe('OK')
    expect(await run('spaced', 'EVAL', 'return 1', 0)).toBe(
      'NOPERM this token has no permissions to run scripts: it needs a user of its own in Redis 6.2 or later, and Redis refused to make one',
    )
  })

  it('a message reaches those who listen inside the prefix, and nobody else', async () => {
    const headers = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
    const open = async (token: string, path: string) => {
      const response = await fetch(`${server.url}${path}`, headers(token))
      const reader = response.body?.getReader()
      const events: string[] = []
      /** Several events may come in one chunk. */
      const next = async () => {
        while (events.length === 0) {
          const text = new TextDecoder().decode((await reader?.read())?.value)
          events.push(...text.split('\n\n').filter((event) => event !== '' && event !== ':'))
        }
        return events.shift()
      }
      return { next, cancel: () => reader?.cancel() }
    }
    const streams = await Promise.all([
      open('confined', '/subscribe/chat'),
      open('confined', '/psubscribe/ch*'),
      open('other', '/subscribe/chat'),
      open('full', '/subscribe/chat'),
    ])
    expect(await Promise.all(streams.map(({ next }) => next()))).toEqual([
      'data: subscribe,chat,1',
      'data: psubscribe,ch*,1',
      'data: subscribe,chat,1',
      'data: subscribe,chat,1',
    ])
    expect(await run('confined', 'PUBSUB', 'CHANNELS')).toEqual(['chat'])
    expect(await run('confined', 'PUBSUB', 'NUMSUB', 'chat', 'none')).toEqual(['chat', 1, 'none', 0])
    expect(await run('confined', 'PUBLISH', 'chat', 'hello')).toBe(2)
    expect(await run('confined', 'EVAL', "return redis.call('PUBLISH', ARGV[1] .. 'chat', 'script')", 0, prefix)).toBe(
      2,
    )
    expect(await run('other', 'PUBLISH', 'chat', 'other')).toBe(1)
    expect(await run('full', 'PUBLISH', 'chat', 'full')).toBe(1)
    const [plain, pattern, other, full] = streams
    expect([await plain?.next(), await plain?.next()]).toEqual([
      'data: message,chat,hello',
      'data: message,chat,script',
    ])
    expect([await pattern?.next(), await pattern?.next()]).toEqual([
      'data: pmessage,ch*,chat,hello',
      'data: pmessage,ch*,chat,script',
    ])
    expect(await other?.next()).toBe('data: message,chat,other')
    expect(await full?.next()).toBe('data: message,chat,full')
    await Promise.all(streams.map(({ cancel }) => cancel()))
  })

  it('the SDK: createScript(), publish() and subscribe() work with a prefix', async () => {
    const client = new Redis({ url: server.url, token: 'confined', enableTelemetry: false })
    const script = client.createScript<number>("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    expect([await script.exec(['n'], ['2']), await script.exec(['n'], ['3'])]).toEqual([2, 5])
    expect(await client.get('n')).toBe(5)
    const received: unknown[] = []
    const subscription = client.subscribe<{ a: number }>('news')
    subscription.on('message', (event) => received.push(event))
    await expect.poll(() => client.publish('news', { a: 1 }), { timeout: 15_000 }).toBe(1)
    await expect.poll(() => received[0], { timeout: 15_000 }).toEqual({ channel: 'news', message: { a: 1 } })
    await subscription.unsubscribe()
  })
})
