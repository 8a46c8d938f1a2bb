import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createSocketServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from 'millpond-e2e/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { DashboardInsight } from '../src/analytics/dashboard-insight.ts'
import { PersonaList } from '../src/routes/development.ts'
import { dayOf, TODAY } from './harness.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const Ready = z.object({
  type: z.literal('ready'),
  url: z.url(),
  token: z.string(),
  store: z.string(),
  docs: z.string(),
})
type Ready = z.infer<typeof Ready>
type Ended = { code: number | null; output: string }

let dataDir: string
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'cloud-brain-start-'))
})
const children = new Set<ChildProcess>()
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(dataDir, { recursive: true })
})

/** Runs one of the entry points, with only these settings in its environment. */
function run(
  entry: string,
  options: { env?: Record<string, string>; args?: string[]; ipc?: boolean } = {},
): ChildProcess {
  const { env = {}, args = [], ipc = false } = options
  const child = spawn(process.execPath, ['--import', 'tsx', entry, ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...env },
    stdio: ipc ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

async function ended(child: ChildProcess): Promise<Ended> {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  const [code] = await once(child, 'close')
  return { code, output }
}

async function ready(child: ChildProcess): Promise<Ready> {
  const [message] = await once(child, 'message')
  return Ready.parse(message)
}

describe('main', () => {
  it('takes over a stale lock, is ready, takes the demo data in, keeps others out, and stops on SIGTERM', async () => {
    const deadPid = spawnSync(process.execPath, ['--version']).pid
    await mkdir(join(dataDir, 'pglite.locks'), { recursive: true })
    await writeFile(join(dataDir, 'pglite.locks', '1'), String(deadPid))
    const child = run('src/main.ts', { env: { DATA_DIR: dataDir, PORT: '0' }, ipc: true })
    const end = ended(child)
    const { url, token, store, docs } = await ready(child)
    expect({ store, docs }).toEqual({ store: 'memory', docs: `${url}/docs` })

    const args = ['--url', url, '--token', token, '--today', TODAY, '--persona', 'all']
    const seeded = await ended(run('src/demo/seed.ts', { args }))
    expect([seeded.code, seeded.output.match(/^Seeded.*$/gm)]).toEqual([
      0,
      [
        'Seeded 90 days of the runner with 436 items',
        'Seeded 90 days of the night-nurse with 398 items',
        'Seeded 90 days of the beginner with 390 items',
      ],
    ])
    const { personas } = PersonaList.parse(await (await fetch(`${url}/dev/personas`)).json())
    const insights = await Promise.all(
      personas.map(async (persona) => {
        const own = { authorization: `Bearer ${persona.token}` }
        const answer = await fetch(`${url}/api/v1/analytics/dashboard-insight?date=${TODAY}`, { headers: own })
        const { insight, goals } = DashboardInsight.parse(await answer.json())
        return [persona.name, insight.length > 10, goals.length, goals.every(({ current }) => current !== null)]
      }),
    )
    expect(insights).toEqual([
      ['runner', true, 2, true],
      ['night-nurse', true, 2, true],
      ['beginner', true, 2, true],
    ])
    const headers = { authorization: `Bearer ${token}` }
    const day = await dayOf(fetch(`${url}/api/v1/analytics/daily-summary?date=${TODAY}`, { headers }))
    expect(day.steps).toBeGreaterThan(0)

    const second = await ended(run('src/main.ts', { env: { DATA_DIR: dataDir, PORT: '0' } }))
    expect(second).toEqual({
      code: 1,
      output: `Cannot open the database folder ${join(dataDir, 'pglite')}: process ${child.pid} is using it; stop that process, or set DATA_DIR to another folder\n`,
    })

    child.kill('SIGTERM')
    expect(await end).toEqual({ code: 0, output: '' })
    expect((await readdir(dataDir)).sort()).toEqual([
      'cache-key-secret',
      'development-issuer.json',
      'pglite',
      'pglite.locks',
      'token-encryption-key',
    ])
  })

  it('ends on SIGTERM while it starts, also as the first process of a container, where the system would not end it', async () => {
    let asked = () => {}
    const waits = new Promise<void>((resolve) => {
      asked = resolve
    })
    const silent = createSocketServer(() => asked()).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const env = { DATA_DIR: join(dataDir, 'starting'), PORT: '0', DATABASE_URL: `postgres://a:b@127.0.0.1:${port}/c` }
    const child = run('src/main.ts', { env })
    const end = ended(child)
    await waits
    child.kill('SIGTERM')
    expect(await end).toEqual({ code: 143, output: '' })
    silent.close()
  })

  it('serves on after SIGTERM, is not ready, and closes each connection with its answer', async () => {
    const env = { DATA_DIR: join(dataDir, 'draining'), PORT: '0', DRAIN_SECONDS: '60' }
    const child = run('src/main.ts', { env, ipc: true })
    const { url } = await ready(child)
    const ask = async (path: string) => {
      const { status, headers } = await fetch(`${url}${path}`)
      return [status, headers.get('connection')]
    }
    expect(await ask('/readyz')).toEqual([200, 'keep-alive'])
    child.kill('SIGTERM')
    await expect.poll(() => ask('/readyz'), { timeout: 20_000 }).toEqual([503, 'close'])
    expect(await ask('/healthz')).toEqual([200, 'close'])
    child.kill('SIGKILL')
    await once(child, 'exit')
  })

  it('says at its start that the store does not answer, and serves', async () => {
    const env = { DATA_DIR: join(dataDir, 'no-store'), PORT: '0', REDIS_URL: `redis://127.0.0.1:${await freePort()}` }
    const child = run('src/main.ts', { env, ipc: true })
    const end = ended(child)
    const { url } = await ready(child)
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    child.kill('SIGTERM')
    const { code, output } = await end
    expect([code, output.includes('"name":"a limit refuses","ok":false')]).toEqual([0, true])
    expect(output).toContain('does not hold what it is given')
  })

  it('keeps its data and its tokens over a restart, and stops when its parent goes away', async () => {
    const child = run('src/main.ts', { env: { DATA_DIR: dataDir, PORT: '0', CACHE: 'off' }, ipc: true })
    // Node gives no "close" to a parent that has disconnected.
    const exit = once(child, 'exit')
    const { url, store } = await ready(child)
    expect(store).toBe('disabled')
    const minted = await ended(run('src/demo/token.ts', { env: { DATA_DIR: dataDir } }))
    const headers = { authorization: `Bearer ${minted.output.trim()}` }
    expect(
      (await dayOf(fetch(`${url}/api/v1/analytics/daily-summary?date=${TODAY}`, { headers }))).steps,
    ).toBeGreaterThan(0)
    child.disconnect()
    expect(await exit).toEqual([0, null])
  })

  it('counts the client that trusted proxies name, whatever it forges', async () => {
    const env = { DATA_DIR: dataDir, PORT: '0', CLIENT_ADDRESS: 'trusted:127.0.0.0/8' }
    const child = run('src/main.ts', { env, ipc: true })
    const exit = once(child, 'exit')
    const { url } = await ready(child)
    const remaining = async (hops: string) => {
      const headers = { 'x-forwarded-for': hops }
      const answer = await fetch(`${url}/api/v1/analytics/daily-summary?date=${TODAY}`, { headers })
      return Number(answer.headers.get('x-ratelimit-remaining'))
    }
    const first = await remaining('203.0.113.1, 192.0.2.1')
    expect([await remaining('203.0.113.2, 192.0.2.1'), await remaining('192.0.2.2')]).toEqual([first - 1, first])
    expect(first).toBeGreaterThan(1)
    child.disconnect()
    expect(await exit).toEqual([0, null])
  })

  it('says on one line that a port asked for by name is taken, and ends with 1', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' && address ? address.port : 0
    expect(await ended(run('src/main.ts', { env: { DATA_DIR: dataDir, PORT: String(port) } }))).toEqual({
      code: 1,
      output: `Cannot listen on port ${port}: it is in use; set PORT to another port, or leave it out to use any free one\n`,
    })
    other.close()
  })

  it.each([
    [{ PORT: 'http' }, 'Cannot start Cloud Brain: PORT must be a whole number from 0 to 65535, received "http"\n'],
    [
      { PORT: '0', DATABASE_URL: 'postgres://brain:hunter2@127.0.0.1:9/brain' },
      'Cannot open the database at 127.0.0.1:9: connect ECONNREFUSED 127.0.0.1:9; check DATABASE_URL\n',
    ],
  ])('ends with 1 and one line for %j', async (env, output) => {
    expect(await ended(run('src/main.ts', { env: { DATA_DIR: dataDir, ...env } }))).toEqual({ code: 1, output })
  })

  it('names DATA_DIR where that cannot be used, and a kept key that is damaged', async () => {
    const file = join(dataDir, 'a-file')
    await writeFile(file, '')
    const folder = join(file, 'pglite')
    const start = (env: Record<string, string>) => ended(run('src/main.ts', { env: { PORT: '0', ...env } }))
    expect(await start({ DATA_DIR: file })).toEqual({
      code: 1,
      output: `Cannot open the database folder ${folder}: ENOTDIR; set DATA_DIR to a folder that this user may write\n`,
    })
    expect((await ended(run('src/demo/token.ts', { env: { DATA_DIR: file } }))).output).toBe(
      `Cannot make a token: Cannot keep ${join(file, 'development-issuer.json')}: ENOTDIR; set DATA_DIR to a folder that this user may write\n`,
    )
    const damaged = join(dataDir, 'damaged')
    const key = join(damaged, 'development-issuer.json')
    await mkdir(damaged)
    await writeFile(key, 'half')
    expect(await start({ DATA_DIR: damaged })).toEqual({
      code: 1,
      output: `Cannot use the key in ${key}: it is damaged; delete the file, and the next start makes a new one\n`,
    })
  })

  it('seed ends with 1 when the API does not answer', async () => {
    const seeded = await ended(run('src/demo/seed.ts', { args: ['--url', 'http://127.0.0.1:9', '--token', 'x'] }))
    expect(seeded).toEqual({ code: 1, output: 'Cannot seed: http://127.0.0.1:9 does not answer\n' })
  })
})
