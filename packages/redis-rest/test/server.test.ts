import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ConfigError, createServer, type ServerOptions } from '../src/index.ts'
import { command, endsUnusedConnections, request } from './request.ts'

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('createServer()', () => {
  const refused: [ServerOptions, string][] = [
    [
      { redis: 'localhost' },
      'Cannot connect to Redis: the URL must look like redis://host:6379, received a text that is not a URL',
    ],
    [
      { redis: 'https://user:secret@x:1' },
      'Cannot connect to Redis: the URL must look like redis://host:6379, received "https://x:1"',
    ],
    [{ token: '' }, 'Cannot create server: a token must be printable ASCII without spaces, and not empty'],
    [{ token: ['a', 'b c'] }, 'Cannot create server: a token must be printable ASCII without spaces, and not empty'],
    [{ token: [] }, 'Cannot create server: "token" is an empty list'],
    [{ host: '' }, 'Cannot create server: "host" must not be empty'],
    [{ data: '' }, 'Cannot create server: "data" must not be empty'],
    [{ port: -1 }, 'Cannot create server: "port" must be an integer from 0 to 65535, received -1'],
    [
      { commandTimeoutMs: 0 },
      'Cannot create server: "commandTimeoutMs" must be an integer from 1 to 3600000, received 0',
    ],
  ]
  it.each(refused)('createServer() refuses %j', async (options, message) => {
    await expect(createServer(options)).rejects.toEqual(new ConfigError(message))
    expect(new ConfigError(message).code).toBe('CONFIG_INVALID')
  })
})

describe('createServer() without a Redis', () => {
  it('shows a URL that reaches it where it listens on every interface', async () => {
    const server = await createServer({ redis: 'redis://127.0.0.1:1', host: '0.0.0.0' })
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`)
    await server.close()
  })

  it('rejects with REDIS_MISSING when no server is on PATH', async () => {
    vi.stubEnv('PATH', '/nonexistent')
    onTestFinished(() => void vi.unstubAllEnvs())
    await expect(createServer()).rejects.toMatchObject({ code: 'REDIS_MISSING' })
  })

  it('rejects with REDIS_START and the last words of a server that does not start, and leaves nothing behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millpond-server-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    // The last three words are those of the folder that it was given.
    writeFileSync(join(folder, 'redis-server'), '#!/bin/sh\necho "no $5 $6" >&2\nexit 1\n', { mode: 0o755 })
    vi.stubEnv('PATH', folder)
    onTestFinished(() => void vi.unstubAllEnvs())
    const error = await createServer().catch((reason: Error) => reason)
    expect(error).toMatchObject({ code: 'REDIS_START', message: expect.stringMatching(/no --dir \S+/) })
    const [, own = ''] = /--dir (\S+)/.exec(String(error)) ?? []
    expect(existsSync(own)).toBe(false)
  })
})

describeWith('redis', 'createServer() with a Redis', () => {
  it('createServer() starts a Redis of its own with a random token, and close() ends all of it', async () => {
    const [one, two] = await Promise.all([createServer(), createServer()])
    expect(await command(one, 'SET', 'k', 1)).toBe('{"result":"OK"}')
    expect(await command(two, 'GET', 'k')).toBe('{"result":null}')
    expect(one.engine.kind).toBe('child')
    expect(one.token).toMatch(/^[\w-]{32}$/)
    expect(one.token).not.toBe(two.token)
    const pid = one.engine.pid ?? 0
    expect(isRunning(pid)).toBe(true)
    await Promise.all([one.close(), two.close(), one.close()])
    expect(isRunning(pid)).toBe(false)
    await expect(request(one, '/ping')).rejects.toThrow('fetch failed')
  })

  it('createServer() shows the URL of an external Redis without its password', async () => {
    const redis = await startRedis({ args: ['--requirepass', 'hidden'] })
    const server = await createServer({ redis: `redis://:hidden@127.0.0.1:${redis.port}/3` })
    expect(server.engine).toEqual({ kind: 'external', url: `redis://127.0.0.1:${redis.port}/3` })
    expect(await command(server, 'CLIENT', 'INFO')).toContain(' db=3 ')
    await server.close()
    await redis.stop()
  })

  it('createServer() answers with an error when the password is wrong', async () => {
    const redis = await startRedis({ args: ['--requirepass', 'hidden'] })
    const server = await createServer({ redis: `redis://:wrong@127.0.0.1:${redis.port}` })
    const answer = await request(server, '/ping')
    expect([answer.status, answer.text.includes('WRONGPASS'), answer.text.includes('wrong@')]).toEqual([
      503,
      true,
      false,
    ])
    await server.close()
    await redis.stop()
  })

  it('createServer() rejects when the port is in use and leaves nothing running', async () => {
    const other = createHttpServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const pids: number[] = []
    const starting = createServer({ port, onEvent: (event) => event.type === 'child-started' && pids.push(event.pid) })
    await expect(starting).rejects.toMatchObject({ code: 'LISTEN' })
    await expect(starting).rejects.toThrow(`Cannot listen on 127.0.0.1:${port}: the port is in use`)
    expect(pids.map(isRunning)).toEqual([false])
    other.close()
  })

  it('close() lets a connection that was accepted know, and takes no other', async () => {
    const server = await createServer({ redis: 'redis://127.0.0.1:1' })
    const socket = connect(server.port, '127.0.0.1')
    await once(socket, 'connect')
    // Accepted after it.
    await request(server, '/health', { token: null })
    const closed = server.close()
    await expect(request(server, '/health', { token: null })).rejects.toThrow('fetch failed')
    socket.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n')
    const answer = await text(socket).catch(() => '')
    await closed
    if (endsUnusedConnections) return expect(answer).toBe('')
    expect(answer).toMatch(/^HTTP\/1\.1 503 /)
    expect(answer).toContain('\r\nconnection: close\r\n')
    expect(answer.endsWith('{"status":"draining"}')).toBe(true)
  })

  it('close() leaves nothing that keeps the process running', async () => {
    const redis = await startRedis()
    const folder = mkdtempSync(join(tmpdir(), 'millpond-server-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const script = `
      import { createServer } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)}
      const token = ['full', { token: 'confined', prefix: 'p:' }]
      for (const redis of ['redis://127.0.0.1:1', '${redis.url}', undefined]) {
        const server = await createServer({ redis, token })
        const headers = { authorization: 'Bearer confined' }
        const answer = await fetch(server.url, { method: 'POST', headers, body: '["EVAL","return 1",0]' })
        console.log(answer.status)
        await server.close()
      }
      const onEvent = ({ type }) => type === 'child-ended' && last.close()
      const last = await createServer({ data: ${JSON.stringify(folder)}, onEvent })
      process.kill(last.engine.pid, 'SIGKILL')`
    const run = promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
    expect(await run).toEqual({ stdout: '503\n200\n200\n', stderr: '' })
    await redis.stop()
  })

  it('close() answers a request that has begun', async () => {
    const server = await createServer()
    const begun = httpRequest(`${server.url}/set/k`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.token}`, expect: '100-continue', 'content-length': 1 },
    })
    begun.flushHeaders()
    await once(begun, 'continue')
    const closed = server.close()
    begun.end('v')
    const [answer] = (await once(begun, 'response')) as [IncomingMessage]
    expect([answer.statusCode, answer.headers.connection, await text(answer)]).toEqual([
      200,
      'close',
      '{"result":"OK"}',
    ])
    await closed
  })
})
