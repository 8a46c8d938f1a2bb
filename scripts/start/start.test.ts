import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const scripts = fileURLToPath(new URL('..', import.meta.url))
const fakePart = join(scripts, 'fixtures', 'system', 'fake-part.mjs')
const places = [
  'packages/redis-rest/dist/cli.js',
  'apps/cloud-brain/dist/main.js',
  'apps/cloud-brain/dist/demo/seed.js',
  'apps/website/server.mjs',
]

let root: string
let running: ChildProcess[]

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millpond-start-'))
  running = []
  for (const name of ['start', 'build', 'start.mjs', 'progress.mjs', 'is-running.mjs']) {
    cpSync(join(scripts, name), join(root, 'scripts', name), { recursive: true })
  }
  for (const place of places) {
    mkdirSync(dirname(join(root, place)), { recursive: true })
    cpSync(fakePart, join(root, place))
  }
  writeFileSync(join(root, 'package.json'), '{"type": "module"}')
  mkdirSync(join(root, 'bin'))
  writeFileSync(join(root, 'bin', 'redis-server'), '', { mode: 0o755 })
})

afterEach(async () => {
  for (const child of running) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  rmSync(root, { recursive: true, force: true })
})

interface Run {
  readonly child: ChildProcess
  readonly output: () => string
  readonly exit: Promise<number | null>
}

/** Runs the start script of the copied tree; the PATH holds no redis-server but the tree's fake one. */
function start(args: readonly string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [join(root, 'scripts', 'start.mjs'), ...args], {
    env: { PATH: join(root, 'bin'), FAKE_EVENTS: join(root, 'events'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  return { child, output: () => output, exit: once(child, 'close').then(([code]) => code) }
}

const runFile = (): string => join(root, '.millpond', 'run.json')
const events = (): string[] => readFileSync(join(root, 'events'), 'utf8').trim().split('\n')

async function untilReady(run: Run): Promise<Record<string, unknown>> {
  await vi.waitFor(() => expect(run.output()).toContain('Ctrl-C stops everything.'), { timeout: 20_000, interval: 20 })
  return JSON.parse(readFileSync(runFile(), 'utf8'))
}

/** What the fake part answers: the environment that it was given. */
const environmentOf = async (url: unknown): Promise<unknown> => (await fetch(String(url))).json()

describe('start.mjs', () => {
  it('starts store, API, demo data and site, and stops them in the opposite order on SIGINT', async () => {
    const run = start([])
    const info = await untilReady(run)
    expect(info).toEqual({
      site: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      api: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      token: 'api-token',
      store: 'redis',
      pid: run.child.pid,
      redis: { pid: 1, port: 2 },
    })
    expect(statSync(runFile()).mode & 0o777).toBe(0o600)
    run.child.kill('SIGINT')
    expect(await run.exit).toBe(0)
    expect(existsSync(runFile())).toBe(false)
    expect(events().slice(0, 2)).toEqual(['store starts', 'api starts'])
    expect(events().slice(2, 4).sort()).toEqual(['seed starts', 'site starts'])
    expect(events().slice(4)).toEqual(['site stops', 'api stops', 'store stops'])
  })

  it('hands the store, the data folder and no port on to the API and the site', async () => {
    const run = start(['--data', join(root, 'data')], { NODE_ENV: 'production', PORT: '' })
    const { api, site } = await untilReady(run)
    const store = {
      UPSTASH_REDIS_REST_URL: expect.stringMatching(/^http:\/\/127/),
      UPSTASH_REDIS_REST_TOKEN: 'store-token',
    }
    expect(await environmentOf(api)).toEqual({ ...store, DATA_DIR: join(root, 'data', 'cloud-brain') })
    expect(await environmentOf(site)).toEqual({
      ...store,
      APP_ENV: 'development',
      DATA_DIR: join(root, 'data', 'website'),
      DEMO_DATA: '1',
      API_URL: api,
    })
  })

  it('keeps everything in memory when asked to, and starts no store', async () => {
    const run = start(['--store', 'memory', '--no-seed'], {
      UPSTASH_REDIS_REST_URL: 'https://real-1.upstash.io',
      UPSTASH_REDIS_REST_TOKEN: 'secret',
    })
    const info = await untilReady(run)
    expect(info).toMatchObject({ store: 'memory', pid: run.child.pid })
    expect(await environmentOf(info.api)).toEqual({ DATA_DIR: join(root, '.millpond', 'data', 'cloud-brain') })
    expect(events()).toEqual(['api starts', 'site starts'])
  })

  it('shows warnings with the name of their part and keeps the other lines for the log', async () => {
    const run = start(['--store', 'memory'])
    await untilReady(run)
    expect(run.output()).toContain('[api] warning: a warning of the log\n')
    expect(run.output()).toContain('[seed] Seeded 90 days\n')
    expect(run.output()).not.toContain('only for the log')
    expect(readFileSync(join(root, '.millpond', 'logs', 'api.log'), 'utf8')).toContain('only for the log')
  })

  it("stops with the part's own message when a part cannot start, and leaves the run file of another alone", async () => {
    mkdirSync(dirname(runFile()), { recursive: true })
    const other = JSON.stringify({ pid: process.pid })
    writeFileSync(runFile(), other)
    const run = start([], { FAKE_API: 'fail' })
    expect(await run.exit).toBe(1)
    expect(run.output()).toContain('[api] Cannot open the data folder: process 1 holds it\n')
    expect(run.output()).toContain('Cannot start the API: it ended with exit code 1')
    expect(readFileSync(runFile(), 'utf8')).toBe(other)
    expect(events()).toEqual(['store starts', 'store stops'])
  })

  it('stops everything when a part ends unexpectedly', async () => {
    const run = start([])
    const { site } = await untilReady(run)
    await fetch(`${site}/crash`).catch(() => undefined)
    expect(await run.exit).toBe(1)
    expect(run.output()).toContain('Stopping: the site ended unexpectedly with exit code 3')
    expect(events().slice(-2)).toEqual(['api stops', 'store stops'])
    expect(existsSync(runFile())).toBe(false)
  })

  it('stops everything when it is interrupted before all is ready', async () => {
    const run = start([])
    await vi.waitFor(() => expect(run.output()).toContain('Starting the API'), { timeout: 20_000, interval: 5 })
    run.child.kill('SIGTERM')
    expect(await run.exit).toBe(0)
    expect(existsSync(runFile())).toBe(false)
  })

  it.each([
    [['--colour'], {}, "Cannot start: Unknown option '--colour'\nOptions (npm start"],
    [['--api-port', 'x'], {}, 'Cannot start: --api-port must be an integer from 0 to 65535, received "x"\n'],
    [
      [],
      { UPSTASH_REDIS_REST_URL: 'https://a.upstash.io', UPSTASH_REDIS_REST_TOKEN: 'changeme' },
      'Cannot start: UPSTASH_REDIS_REST_TOKEN is a placeholder\n',
    ],
  ])('ends with one message when it is called with %j and %j', async (args, env, message) => {
    const run = start(args, env)
    expect(await run.exit).toBe(1)
    expect(run.output().startsWith(message)).toBe(true)
    expect(existsSync(join(root, 'events'))).toBe(false)
  })
})
