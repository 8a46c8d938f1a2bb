import { Redis } from 'ioredis'
import { describeEngines, type StartedRedis, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createConnection } from '../src/engine/connection.ts'
import { readTarget } from '../src/engine/target.ts'
import { createServer, type RestServer } from '../src/index.ts'
import { command, request } from './request.ts'

/** What Redis decodes where it reads the first line of a script, and then sends as it is. */
const forged = String.raw`x\r\n$6\r\nforged\r\n+y`

describeEngines('a reply that Redis sends in several parts', (engine) => {
  let redis: StartedRedis
  let server: RestServer

  beforeAll(async () => {
    redis = await startRedis({ engine, args: ['--lua-time-limit', '20'] })
    server = await createServer({ redis: redis.url, token: ['full', 'other', { token: 'confined', prefix: 'p:' }] })
    await command(server, 'MSET', 'a', 'A', 'b', 'B')
  })
  afterAll(async () => {
    await server?.close()
    await redis?.stop()
  })

  const ask = async (token: string, words: unknown, path = '/'): Promise<string> =>
    (await request(server, path, { token, body: JSON.stringify(words) })).text

  const untilPong = () => expect.poll(() => ask('full', ['PING']), { timeout: 20_000 }).toBe('{"result":"PONG"}')

  const scripts: [string, string, unknown, string?][] = [
    ['a script’s option', '/', ['EVAL', `#!lua "${forged}"\nreturn 1`, 0]],
    ['a script’s engine', '/', ['EVAL_RO', `#!"${forged}"\nreturn 1`, 0]],
    ['a script that is loaded', '/', ['SCRIPT', 'LOAD', `#!lua "${forged}"\nreturn 1`]],
    ['a script that a token with a prefix loads', '/', ['SCRIPT', 'LOAD', `#!lua "${forged}"\nreturn 1`], 'confined'],
    ['a library', '/', ['function', 'load', `#!lua "${forged}"\nreturn 1`]],
    ['what a library raises', '/', ['FUNCTION', 'LOAD', `#!lua name=n\nredis["${forged}"]()`]],
    ['what a script raises', '/', ['EVAL', `return error("${forged}")`, 0]],
    [
      'a script in a pipeline',
      '/pipeline',
      [
        ['GET', 'a'],
        ['EVAL', `#!lua "${forged}"\nreturn 1`, 0],
        ['GET', 'a'],
      ],
    ],
    [
      'a script in a transaction',
      '/multi-exec',
      [
        ['GET', 'a'],
        ['EVAL', `return error("${forged}")`, 0],
      ],
    ],
    [
      'a reply with a long end',
      '/',
      [
        'EVAL',
        String.raw`#!lua "x\r\n$40\r\ny"
return 1`,
        0,
      ],
    ],
  ]

  it('scripts of one write share a seal', async () => {
    const connection = createConnection({
      target: readTarget(redis.url),
      commandTimeoutMs: 20_000,
      onEvent: () => undefined,
    })
    await connection.firstAttempt()
    const seals = async (): Promise<number> => {
      const [stats] = await connection.send([{ name: 'INFO', args: ['commandstats'] }])
      return Number(/cmdstat_echo:calls=(\d+)/.exec(stats?.kind === 'reply' ? stats.frame.toString() : '')?.[1] ?? 0)
    }
    const before = await seals()
    const evaluate = { name: 'EVAL', args: ['return KEYS[1]', '1', 'a'] }
    const outcomes = await Promise.all(Array.from({ length: 64 }, () => connection.send([evaluate])))
    expect(new Set(outcomes.map(([one]) => one?.kind === 'reply' && one.frame.toString()))).toEqual(
      new Set(['$1\r\na\r\n']),
    )
    // The first waits for nobody.
    expect((await seals()) - before).toBe(2)
    await connection.close()
  })

  it.each(scripts)('%s makes up no answer of another request', async (_, path, words, token = 'full') => {
    await untilPong()
    const foreign = Array.from({ length: 20 }, (_unused, nth) => (nth % 2 === 0 ? 'a' : 'b'))
    const split = ask(token, words, path)
    const read = (key: string, nth: number) =>
      nth % 3 === 0 ? ['EVAL', 'return redis.call("GET", KEYS[1])', 1, key] : ['GET', key]
    const answers = await Promise.all(foreign.map((key, nth) => ask('other', read(key, nth))))
    const own = await split
    expect(own).not.toMatch(/"B"|\$1/)
    for (const [nth, answer] of answers.entries()) {
      if (answer.includes('"error"')) expect(answer).toContain('Redis')
      else expect(answer).toBe(`{"result":"${foreign[nth]?.toUpperCase()}"}`)
    }
  })

  it('an endless script of another connection can be killed', async () => {
    await untilPong()
    const other = new Redis(redis.url)
    const endless = other.eval('while true do end', 0).catch(String)
    await expect.poll(() => ask('full', ['GET', 'a']), { timeout: 20_000 }).toContain('BUSY')
    expect(await ask('full', ['SCRIPT', 'KILL'])).toBe('{"result":"OK"}')
    expect(await endless).toMatch(/killed/)
    expect(await ask('full', ['GET', 'a'])).toBe('{"result":"A"}')
    other.disconnect()
  })

  it('an endless script of its own can be killed too, once the connection that waits for it was made anew', async () => {
    const own = await createServer({ redis: redis.url, commandTimeoutMs: 100 })
    await command(own, 'EVAL', 'while true do end', 0)
    const kill = { timeout: 20_000, interval: 20 }
    await expect.poll(() => command(own, 'SCRIPT', 'KILL'), kill).toBe('{"result":"OK"}')
    await expect.poll(() => command(own, 'GET', 'a'), kill).toBe('{"result":"A"}')
    await own.close()
  })
})
