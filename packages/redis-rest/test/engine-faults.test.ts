import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { describeWith, freePort, startRedis } from 'millpond-e2e/servers'
import { expect, it, vi } from 'vitest'
import { createServer, type RestServer, type ServerEvent } from '../src/index.ts'
import { command, request } from './request.ts'

const settled = { timeout: 45_000, interval: 20 }

async function untilPong(server: RestServer): Promise<void> {
  await vi.waitFor(async () => expect(await command(server, 'PING')).toBe('{"result":"PONG"}'), settled)
}

interface Load {
  readonly statuses: Map<number, number>
  readonly foreign: string[]
  stop(): Promise<void>
}

/** Clients that each echo texts of their own until stopped, and note every answer that is somebody else's. */
function startLoad(server: RestServer, clients: number): Load {
  const statuses = new Map<number, number>()
  const foreign: string[] = []
  let isRunning = true
  const runClient = async (client: number): Promise<void> => {
    for (let round = 0; isRunning; round += 1) {
      const word = `c${client}r${round}`
      const path = ['/', '/pipeline', '/multi-exec'][round % 3] ?? '/'
      const echo = ['EVAL', 'return ARGV[1]', 0, `${word}b`]
      const body = JSON.stringify(path === '/' ? ['ECHO', word] : [['ECHO', word], echo])
      const expected = path === '/' ? `{"result":"${word}"}` : `[{"result":"${word}"},{"result":"${word}b"}]`
      const { status, text } = await request(server, path, { body })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (text !== expected && !text.includes('"error":"ERR ')) foreign.push(text)
    }
  }
  const running = Promise.all(Array.from({ length: clients }, (_, client) => runClient(client)))
  return {
    statuses,
    foreign,
    stop: async () => {
      isRunning = false
      await running
    },
  }
}

async function untilMore(load: Load, status: number): Promise<void> {
  const before = load.statuses.get(status) ?? 0
  await vi.waitFor(() => expect(load.statuses.get(status) ?? 0).toBeGreaterThan(before + 20), settled)
}

describeWith('redis', 'a Redis that fails', () => {
  it('createServer() starts its own Redis again when it is killed under load, and every request gets its own answer', async () => {
    const events: ServerEvent[] = []
    const server = await createServer({ onEvent: (event) => events.push(event) })
    const load = startLoad(server, 16)
    for (let round = 0; round < 3; round += 1) {
      await untilMore(load, 200)
      const { pid } = server.engine
      process.kill(pid ?? 0, 'SIGKILL')
      await vi.waitFor(() => expect(server.engine.pid ?? pid).not.toBe(pid), settled)
      await untilPong(server)
    }
    await untilMore(load, 200)
    await load.stop()
    expect(load.foreign).toEqual([])
    expect([...load.statuses.keys()].filter((status) => status !== 200 && status !== 503)).toEqual([])
    expect(events.filter(({ type }) => type === 'child-ended')).toHaveLength(3)
    await server.close()
  })

  it('a Redis that is away is answered with 503 at once, and used again when it is back', async () => {
    const port = await freePort()
    const server = await createServer({ redis: `redis://127.0.0.1:${port}` })
    const away = { error: 'ERR Redis is not reachable (ECONNREFUSED): the command did not run' }
    for (const [path, body] of [
      ['/', '["PING"]'],
      ['/pipeline', '[["PING"]]'],
      ['/multi-exec', '[["PING"]]'],
    ] as const) {
      const answer = await request(server, path, { body })
      expect([answer.status, JSON.parse(answer.text), answer.headers.get('retry-after')]).toEqual([503, away, '1'])
    }
    const redis = await startRedis({ port })
    await untilPong(server)
    await server.close()
    await redis.stop()
  })

  it('a token with limits may do what the Redis that came back can, which the one before could not', async () => {
    const before = await startRedis({ args: ['--rename-command', 'GET', ''] })
    const server = await createServer({ redis: before.url, token: { token: 'reader', readOnly: true } })
    expect(await command(server, 'GET', 'k')).toBe(`{"error":"ERR unknown command 'GET'"}`)
    await before.stop()
    const after = await startRedis({ port: before.port })
    await untilPong(server)
    expect(await command(server, 'GET', 'k')).toBe('{"result":null}')
    await server.close()
    await after.stop()
  })

  it('a Redis that hangs is answered after the command timeout, and late replies reach nobody', async () => {
    const redis = await startRedis()
    const server = await createServer({ redis: redis.url, commandTimeoutMs: 200 })
    redis.kill('SIGSTOP')
    const hung = await Promise.all(Array.from({ length: 20 }, (_, index) => request(server, `/echo/late${index}`)))
    expect(new Set(hung.map(({ text }) => text))).toEqual(
      new Set(['{"error":"ERR no reply from Redis within 200 ms: the command may or may not have run"}']),
    )
    redis.kill('SIGCONT')
    await untilPong(server)
    const load = startLoad(server, 2)
    await untilMore(load, 200)
    await load.stop()
    expect(load.foreign).toEqual([])
    await server.close()
    await redis.stop()
  })

  it('commands that Redis does not take are held up to 64 MiB, and answered with 503 at once beyond', async () => {
    const redis = await startRedis()
    const server = await createServer({ redis: redis.url, commandTimeoutMs: 60_000 })
    redis.kill('SIGSTOP')
    const body = new Uint8Array(10 * 1024 * 1024)
    const sent = Array.from({ length: 12 }, () => request(server, '/set/k', { body }))
    const { status, text } = await Promise.race(sent)
    expect([status, text]).toEqual([503, '{"error":"ERR Redis does not keep up: the command did not run"}'])
    redis.kill('SIGCONT')
    const ran = (await Promise.all(sent)).filter((answer) => answer.text === '{"result":"OK"}').length
    // The kernel holds a few more: how many is its own affair.
    expect(ran).toBeGreaterThanOrEqual(7)
    expect(ran).toBeLessThan(12)
    await server.close()
    await redis.stop()
  })

  it('a Redis that hangs under load gives every request an answer, and none that of another', async () => {
    const redis = await startRedis()
    const server = await createServer({ redis: redis.url, commandTimeoutMs: 150 })
    const load = startLoad(server, 24)
    for (let round = 0; round < 3; round += 1) {
      await untilMore(load, 200)
      redis.kill('SIGSTOP')
      await untilMore(load, 503)
      redis.kill('SIGCONT')
      await untilPong(server)
    }
    await untilMore(load, 200)
    await load.stop()
    expect(load.foreign).toEqual([])
    expect([...load.statuses.keys()].sort()).toEqual([200, 503])
    await server.close()
    await redis.stop()
  })

  it('a Redis that cannot write to its disk is still read from, also after a script and by who connects then', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millpond-full-disk-'))
    const redis = await startRedis({ args: ['--dir', folder, '--save', '3600 1'] })
    const events: ServerEvent[] = []
    const server = await createServer({ redis: redis.url, onEvent: (event) => events.push(event) })
    await command(server, 'SET', 'kept', 'text')
    await rm(folder, { recursive: true })
    const admin = new Redis(redis.url)
    await admin.bgsave()
    await vi.waitFor(() => expect(admin.ping()).rejects.toThrow('MISCONF'), settled)
    const other = await createServer({ redis: redis.url })
    expect(await command(server, 'SET', 'kept', 'other')).toMatch(/^{"error":"MISCONF /)
    for (const one of [server, other]) {
      expect(await command(one, 'EVAL', 'return redis.call("GET", KEYS[1])', 1, 'kept')).toBe('{"result":"text"}')
      expect(await command(one, 'GET', 'kept')).toBe('{"result":"text"}')
    }
    expect(events.map(({ type }) => type)).toEqual(['engine-ready'])
    admin.disconnect()
    await Promise.all([server.close(), other.close(), redis.stop()])
  })

  it('scripts run for a user of Redis who may PING and not ECHO', async () => {
    const redis = await startRedis()
    const admin = new Redis(redis.url)
    await admin.call('ACL', 'SETUSER', 'app', 'on', '>word', '~*', '+get', '+eval', '+ping', '+info')
    const events: string[] = []
    const server = await createServer({
      redis: `redis://app:word@127.0.0.1:${redis.port}`,
      onEvent: ({ type }) => events.push(type),
    })
    expect(await command(server, 'EVAL', 'return 1', 0)).toBe('{"result":1}')
    expect(await command(server, 'EVAL', 'return redis.call("GET", KEYS[1])', 1, 'k')).toBe('{"result":null}')
    expect(events).toEqual(['engine-ready'])
    admin.disconnect()
    await Promise.all([server.close(), redis.stop()])
  })

  it('a transaction is refused when Redis begins none for its user, and nothing of it runs', async () => {
    const redis = await startRedis()
    const admin = new Redis(redis.url)
    const allow = (...rules: string[]) => admin.call('ACL', 'SETUSER', 'app', ...rules)
    const transact = async (server: RestServer) => {
      const { status, text } = await request(server, '/multi-exec', { body: '[["INCR","visits"],["INCR","visits"]]' })
      return [status, text]
    }
    const refusal = "NOPERM this user has no permissions to run the 'multi' command"
    await allow('on', '>word', '~*', '+@read', '+@write', '+@connection')
    const url = `redis://app:word@127.0.0.1:${redis.port}`
    const server = await createServer({ redis: url })
    expect(await transact(server)).toEqual([400, JSON.stringify({ error: refusal })])
    expect(await admin.get('visits')).toBe(null)
    await allow('+multi', '+exec')
    const other = await createServer({ redis: url })
    expect(await transact(other)).toEqual([200, '[{"result":1},{"result":2}]'])
    // Redis does not end connections for this, and the commands are on their way before it says so.
    await allow('-multi')
    const outside = `${refusal}: the commands may have run one by one, outside of a transaction`
    expect(await transact(other)).toEqual([400, JSON.stringify({ error: outside })])
    expect(await admin.get('visits')).toBe('4')
    admin.disconnect()
    await Promise.all([server.close(), other.close(), redis.stop()])
  })

  it('a connection that Redis cuts is made again', async () => {
    const redis = await startRedis()
    const server = await createServer({ redis: redis.url })
    await command(server, 'EVAL', 'return 1', 0)
    const load = startLoad(server, 8)
    const other = await createServer({ redis: redis.url })
    await untilMore(load, 200)
    redis.kill('SIGSTOP')
    redis.kill('SIGKILL')
    await untilMore(load, 503)
    const again = await startRedis({ port: redis.port })
    await untilPong(server)
    await untilPong(other)
    await load.stop()
    expect(load.foreign).toEqual([])
    await Promise.all([server.close(), other.close(), again.stop(), redis.stop()])
  })
})
