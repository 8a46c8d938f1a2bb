import { execFile, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createServer } from 'millpond-rest'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { describeWith } from '../servers/describe-with.ts'
import { freePort } from '../servers/free-port.ts'
import { type OwnedProcess, startOwnedProcess } from '../servers/owned-process.ts'
import { startRedis } from '../servers/redis.ts'
import { readCalls, readProjectFiles } from './examples/read-examples.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const frameworks = ['hono', 'express', 'fastify'] as const
const isMissing = (program: string) => spawnSync(program, ['--version']).status !== 0

/** What the environment of whoever runs the tests must not decide. */
const nothingSet = { REDIS_URL: '', UPSTASH_REDIS_REST_URL: '', UPSTASH_REDIS_REST_TOKEN: '', PROXIES: '' }

const pages = new Map(
  await Promise.all(
    frameworks.map(async (name) => [name, await readFile(join(root, `docs/guide/${name}.md`), 'utf8')] as const),
  ),
)
const appOf = (name: (typeof frameworks)[number]) => readProjectFiles(pages.get(name) ?? '').get('server.ts') ?? ''

// Inside the workspace, so that its packages are found by name.
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(root, 'e2e', '.examples-frameworks-'))
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  for (const name of frameworks) {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'server.ts'), appOf(name))
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the apps of the framework guides', () => {
  it('choose their store, cache and limit alike', () => {
    const shared = frameworks.map(
      (name) => /^const \{ PORT[\s\S]*?^const product[\s\S]*?^\}\)$/m.exec(appOf(name))?.[0],
    )
    expect(shared[0]).toContain('lazyConnect')
    expect(new Set(shared).size).toBe(1)
  })

  it('have right types', async () => {
    const compilerOptions = { noEmit: true, lib: ['ES2023', 'DOM'] }
    const config = { extends: '../../tsconfig.base.json', compilerOptions, include: ['*/server.ts'] }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = await run(process.execPath, [compiler, '-p', folder]).catch((failed) => failed)
    expect(stdout).toBe('')
  })
})

describe.each(frameworks)('the app of the %s guide', (name) => {
  let app: OwnedProcess | undefined
  afterEach(() => app?.stop())

  /** Starts it as the guide says for production, and gives its port. */
  async function start(env: Record<string, string>): Promise<number> {
    const port = await freePort()
    const own = await mkdtemp(join(folder, 'run-'))
    app = await startOwnedProcess({
      program: process.execPath,
      args: ['--import', 'tsx', join(folder, name, 'server.ts')],
      folder: own,
      readyLine: ', store: ',
      stopSignal: 'SIGKILL',
      env: { ...nothingSet, PORT: String(port), ...env },
    })
    return port
  }

  /** Makes the calls of the page, and expects of each what the page says of its answer. */
  async function expectWhatThePageSays(port: number): Promise<void> {
    const calls = readCalls(pages.get(name) ?? '')
    expect(calls.length).toBeGreaterThan(5)
    for (const { command, answer } of calls) {
      const { stdout } = await run('bash', ['-c', command.replace(':3000', `:${port}`)])
      for (const part of answer) expect(stdout.toLowerCase(), command).toContain(part.toLowerCase())
    }
  }

  async function expectToEnd(): Promise<void> {
    app?.kill('SIGTERM')
    expect(await app?.ended).toEqual({ code: 0, signal: null })
  }

  it('counts whom the proxy in front saw, and nobody that a client names', async () => {
    const port = await start({ PROXIES: '1' })
    const ask = async (forwarded: string) => {
      const headers = { 'X-Forwarded-For': forwarded }
      return (await fetch(`http://127.0.0.1:${port}/products/7`, { headers })).headers.get('X-RateLimit-Remaining')
    }
    expect(await ask('203.0.113.1')).toBe('59')
    expect(await ask('198.51.100.1, 203.0.113.1')).toBe('58')
    expect(await ask('203.0.113.2')).toBe('59')
  })

  it('answers while Redis is away, and ends when told to', async () => {
    const port = await start({ REDIS_URL: `redis://127.0.0.1:${await freePort()}` })
    const response = await fetch(`http://127.0.0.1:${port}/products/7`)
    expect([response.status, await response.json()]).toEqual([200, { id: 7, name: 'Lamp' }])
    expect(response.headers.get('RateLimit')).toBe(null)
    await expectToEnd()
  })

  describe.skipIf(isMissing('curl') || isMissing('bash'))('asked with curl (apt-get install -y curl bash)', () => {
    it('in memory answers as the page says, and ends when told to', async () => {
      await expectWhatThePageSays(await start({}))
      await expectToEnd()
    })

    describeWith('redis', 'on a server', () => {
      let redis: Awaited<ReturnType<typeof startRedis>> | undefined
      afterEach(() => redis?.stop())

      it('over a connection answers as the page says, and ends when told to', async () => {
        redis = await startRedis()
        await expectWhatThePageSays(await start({ REDIS_URL: redis.url }))
        await expectToEnd()
      })

      it('over REST answers as the page says, and ends when told to', async () => {
        redis = await startRedis()
        const rest = await createServer({ redis: redis.url })
        try {
          const env = { UPSTASH_REDIS_REST_URL: rest.url, UPSTASH_REDIS_REST_TOKEN: rest.token }
          await expectWhatThePageSays(await start(env))
          await expectToEnd()
        } finally {
          await rest.close()
        }
      })
    })
  })
})
