import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createCertificate, describeWith, freePort, startRedis } from 'millpond-e2e/servers'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'

const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
const bin = fileURLToPath(new URL('../bin', import.meta.url))

interface Started {
  readonly process: ChildProcess
  readonly output: () => string
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>
}

function start(args: readonly string[], env: Record<string, string> = {}, ipc = false): Started {
  const child = spawn(process.execPath, ['--import', 'tsx', cli, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const ended = once(child, 'close').then(([code]: (number | null)[]) => ({ code: code ?? null, stdout, stderr }))
  return { process: child, output: () => stdout, ended }
}

interface Ready {
  readonly url: string
  readonly token: string
  readonly redis: { readonly kind: string; readonly pid: number; readonly port: number }
}

async function untilReady(started: Started): Promise<Ready> {
  await vi.waitFor(() => expect(started.output()).toMatch(/\n$/), { timeout: 20_000 })
  return JSON.parse(started.output())
}

async function ping({ url, token }: Pick<Ready, 'url' | 'token'>): Promise<string> {
  return (await fetch(`${url}/ping`, { headers: { authorization: `Bearer ${token}` } })).text()
}

async function untilGone(pid: number): Promise<void> {
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: 10_000 })
}

describe('millpond-rest', () => {
  it('says at its start that Redis does not answer, and serves all the same', async () => {
    const started = start(['--redis', 'redis://127.0.0.1:1', '--port', '0', '--json'])
    onTestFinished(() => void started.process.kill())
    expect(await ping(await untilReady(started))).toContain('Redis is not reachable')
    started.process.kill()
    expect((await started.ended).stderr).toBe(
      'millpond-rest: Cannot reach Redis (ECONNREFUSED); requests are answered with an error until it is there\n',
    )
  }, 40_000)

  it.each([
    [['--redis-tls-insecure'], {}],
    [[], { MILLPOND_REST_REDIS_TLS_INSECURE: '1' }],
  ])(
    'says at its start that it does not check the certificate of Redis: %j %j',
    async (args, env) => {
      const started = start(['--redis', 'rediss://:secret@127.0.0.1:1', ...args, '--port', '0', '--json'], env)
      onTestFinished(() => void started.process.kill())
      await untilReady(started)
      started.process.kill()
      expect((await started.ended).stderr.split('\n').slice(1)).toEqual([
        'millpond-rest: The certificate of rediss://127.0.0.1:1 is not checked (--redis-tls-insecure): anyone may answer there',
        '',
      ])
    },
    40_000,
  )

  const refused: [string[], string][] = [
    [['--nope'], "millpond-rest: Cannot read the command line: Unknown option '--nope'; see --help\n"],
    [['--host', ''], 'millpond-rest: Cannot create server: "host" must not be empty\n'],
    [
      ['--redis', 'http://x'],
      'millpond-rest: Cannot connect to Redis: the URL must look like redis://host:6379, received "http://x"\n',
    ],
  ]
  it.each(refused)('millpond-rest %j ends with one line and code 1', async (args, stderr) => {
    expect(await start(args).ended).toEqual({ code: 1, stdout: '', stderr })
  })

  it('millpond-rest names the line to install when there is no redis-server', async () => {
    expect(await start([], { PATH: '/nonexistent' }).ended).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'millpond-rest: Cannot start a Redis: no redis-server or valkey-server on PATH; install one (apt-get install -y redis-server) or pass the URL of a running one\n',
    })
  })

  it('millpond-rest of a clone that is not built yet says how to build it', async () => {
    const clone = mkdtempSync(join(tmpdir(), 'millpond-clone-'))
    onTestFinished(() => rmSync(clone, { recursive: true }))
    cpSync(bin, join(clone, 'bin'), { recursive: true })
    writeFileSync(join(clone, 'package.json'), '{"type":"module"}')
    expect(spawnSync(process.execPath, [join(clone, 'bin/millpond-rest.js')], { encoding: 'utf8' })).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'millpond-rest: this clone is not built yet: run npm run build -w packages/redis-rest\n',
    })
  })

  it('millpond-rest --version prints the version, --help the options', async () => {
    expect((await start(['--version']).ended).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect((await start(['--help']).ended).stdout).toContain('Usage: millpond-rest [options]')
  })
})

describeWith(['redis', 'openssl'], 'millpond-rest with a Redis over TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millpond-cli-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it.each(['--redis-ca', 'MILLPOND_REST_REDIS_CA'])(
    'trusts whom %s names',
    async (name) => {
      const { certFile, redisArgs } = createCertificate(folder, 'server')
      let port = 0
      const redis = await startRedis({
        async args() {
          port = await freePort()
          return ['--tls-port', String(port), ...redisArgs]
        },
      })
      onTestFinished(() => redis.stop())
      const [args, env] = name.startsWith('--') ? [[name, certFile], {}] : [[], { [name]: certFile }]
      const started = start(['--redis', `rediss://127.0.0.1:${port}`, '--port', '0', '--json', ...args], env)
      onTestFinished(() => void started.process.kill())
      expect(await ping(await untilReady(started))).toBe('{"result":"PONG"}')
      started.process.kill()
      expect((await started.ended).stderr).toBe('')
    },
    40_000,
  )
})

describeWith('redis', 'millpond-rest with a Redis', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'millpond-rest --json prints one line, and %s ends all of it',
    async (signal) => {
      const started = start(['--port', '0', '--json'], { MILLPOND_REST_TOKEN: 'from-env' })
      const ready = await untilReady(started)
      expect(ready).toEqual({
        url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
        token: 'from-env',
        redis: { kind: 'child', pid: expect.any(Number), port: expect.any(Number) },
      })
      expect(await ping(ready)).toBe('{"result":"PONG"}')
      started.process.kill(signal)
      expect(await started.ended).toEqual({ code: 0, stdout: `${JSON.stringify(ready)}\n`, stderr: '' })
      await untilGone(ready.redis.pid)
    },
  )

  it('millpond-rest says on standard error what becomes of its Redis', async () => {
    const started = start(['--port', '0', '--json'])
    const ready = await untilReady(started)
    const { pid } = ready.redis
    process.kill(pid, 'SIGKILL')
    await untilGone(pid)
    await vi.waitFor(async () => expect(await ping(ready)).toBe('{"result":"PONG"}'), { timeout: 20_000 })
    started.process.kill('SIGHUP')
    const { code, stdout, stderr } = await started.ended
    expect([code, stdout, stderr.trim().split('\n').sort()]).toEqual([
      0,
      `${JSON.stringify(ready)}\n`,
      [
        expect.stringMatching(
          /^millpond-rest: Redis is away \(.+\); requests are answered with an error until it is back$/,
        ),
        `millpond-rest: redis-server (process ${pid}) ended; starting it again in 100 ms`,
      ],
    ])
  })

  it('millpond-rest tells its parent when it is ready, and ends when the parent disconnects', async () => {
    const started = start(['--port', '0', '--token', 't'], {}, true)
    const [message] = (await once(started.process, 'message')) as [{ type: string } & Ready]
    expect(message).toEqual({
      type: 'ready',
      url: expect.any(String),
      token: 't',
      redis: { kind: 'child', pid: expect.any(Number), port: expect.any(Number) },
    })
    expect(await ping(message)).toBe('{"result":"PONG"}')
    const lines = `UPSTASH_REDIS_REST_URL=${message.url}\nUPSTASH_REDIS_REST_TOKEN=(the one you gave)\n`
    await vi.waitFor(() => expect(started.output().endsWith(lines)).toBe(true), { timeout: 20_000 })
    const exit = once(started.process, 'exit')
    started.process.disconnect()
    expect(await exit).toEqual([0, null])
    await untilGone(message.redis.pid)
  })

  it('millpond-rest --data keeps the data when it is stopped and when it is killed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millpond-cli-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const args = ['--port', '0', '--json', '--data', folder, '--token', 't', '--read-only-token', 'r']
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const started = start(args)
      const ready = await untilReady(started)
      const call = async (token: string, path: string) =>
        (await fetch(`${ready.url}${path}`, { headers: { authorization: `Bearer ${token}` } })).text()
      expect(await call('t', `/set/${signal}/kept`)).toBe('{"result":"OK"}')
      expect(await call('r', '/set/k/v')).toContain('NOPERM')
      expect(await call('r', '/get/SIGTERM')).toBe('{"result":"kept"}')
      started.process.kill(signal)
      await started.ended
    }
    const again = start(args)
    const ready = await untilReady(again)
    const mget = await fetch(`${ready.url}/mget/SIGTERM/SIGKILL?_token=r`)
    expect(await mget.text()).toBe('{"result":["kept","kept"]}')
    again.process.kill('SIGTERM')
    await again.ended
    await untilGone(ready.redis.pid)
  })

  describe('--data', () => {
    const parent = mkdtempSync(join(tmpdir(), 'millpond-cli-'))
    writeFileSync(join(parent, 'file'), '')
    afterAll(() => rmSync(parent, { recursive: true }))

    const refused: [what: string, folder: string, code: string][] = [
      ['is a file', join(parent, 'file'), 'EEXIST'],
      ['is below a file', join(parent, 'file', 'a', 'b'), 'EEXIST'],
      // What root cannot do either.
      ['cannot be made', '/proc/nope', 'ENOENT'],
      ['cannot be made, nor the one above it', '/proc/nope/a/b', 'ENOENT'],
      ['takes no file', '/proc/self', 'ENOENT'],
    ]
    const here = refused.filter(([, folder]) => !folder.startsWith('/proc') || existsSync('/proc/self'))
    it.each(here)('millpond-rest --data with what %s ends with one line and code 1', async (_, folder, code) => {
      expect(await start(['--port', '0', '--data', folder]).ended).toEqual({
        code: 1,
        stdout: '',
        stderr: `millpond-rest: Cannot use the data folder: "data" must be a folder that can be made and written to, received "${folder}" (${code})\n`,
      })
    })
  })

  it('millpond-rest that is killed takes its Redis with it', async () => {
    const started = start(['--port', '0', '--json'])
    const { redis } = await untilReady(started)
    started.process.kill('SIGKILL')
    await untilGone(redis.pid)
  })

  it('millpond-rest refuses a port that is in use', async () => {
    const first = start(['--port', '0', '--json'])
    const { port } = new URL((await untilReady(first)).url)
    expect(await start(['--port', port]).ended).toEqual({
      code: 1,
      stdout: '',
      stderr: `millpond-rest: Cannot listen on 127.0.0.1:${port}: the port is in use\n`,
    })
    first.process.kill('SIGTERM')
    await first.ended
  })
})
