import { mkdtempSync } from 'node:fs'
import { access, readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeWith } from 'millpond-e2e/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, ask, cacheOutcome, joinWaitlist, newUser, type User, userWith } from './system/clients.ts'
import { descendantsOf, stillRunning } from './system/process-tree.ts'
import { buildSystem, removeFolder, runSystemToItsEnd, type StartedSystem, startSystem } from './system/start-system.ts'

const startMs = 180_000
const day = '2026-03-29'

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'millpond-system-'))
const stepsOf = ({ body }: Answer): unknown => JSON.parse(body).steps
const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

beforeAll(async () => {
  const { code, output } = await buildSystem()
  expect(code, output).toBe(0)
}, 600_000)

/** The tests that hold on every store; they run in order on one system. `store` is what run.json must say. */
function describeRunningSystem(
  store: 'redis' | 'memory',
  args: readonly string[],
  more: (get: () => StartedSystem) => void,
) {
  let folder: string
  let system: StartedSystem

  beforeAll(async () => {
    folder = newFolder()
    system = await startSystem({ folder, args })
  }, startMs)
  afterAll(async () => {
    await system?.stop('SIGTERM')
    await removeFolder(folder)
  }, startMs)

  it('writes run.json for its owner only', async () => {
    expect(system.info).toMatchObject({ store, pid: system.pid })
    expect((await stat(system.runFile)).mode & 0o777).toBe(0o600)
  })

  it('answers the demo token with seeded data: first a miss, then a hit with the same bytes', async () => {
    const demo = userWith(system.info.api, system.info.token)
    const today = new Date().toISOString().slice(0, 10)
    const yesterday = new Date(Date.parse(today) - 86_400_000).toISOString().slice(0, 10)
    const first = await demo.dailySummary(yesterday)
    expect([first.status, cacheOutcome(first)]).toEqual([200, 'miss'])
    expect(JSON.parse(first.body)).toMatchObject({ date: yesterday, calories_consumed: expect.any(Number) })
    const second = await demo.dailySummary(yesterday)
    expect([second.status, cacheOutcome(second)]).toEqual([200, 'hit'])
    expect(second.body).toBe(first.body)
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'))
  })

  it('answers with the new number after an ingest, while the answer of another user stays a hit', async () => {
    const [writer, other] = [await newUser(system.info), await newUser(system.info)]
    expect((await writer.ingestSteps(day, 4_000)).status).toBe(200)
    expect((await other.ingestSteps(day, 9_000)).status).toBe(200)
    const before = [await writer.dailySummary(day), await other.dailySummary(day)]
    expect(before.map(cacheOutcome)).toEqual(['miss', 'miss'])
    expect(before.map(stepsOf)).toEqual([4_000, 9_000])
    expect(cacheOutcome(await writer.dailySummary(day))).toBe('hit')

    expect((await writer.ingestSteps(day, 5_500)).status).toBe(200)
    const after = [await writer.dailySummary(day), await other.dailySummary(day)]
    expect(after.map(cacheOutcome)).toEqual(['miss', 'hit'])
    expect(after.map(stepsOf)).toEqual([5_500, 9_000])
    expect(cacheOutcome(await writer.dailySummary(day))).toBe('hit')
  })

  it('refuses the sixth join within a minute with true headers', async () => {
    const answers: Answer[] = []
    for (let count = 0; count < 6; count += 1) answers.push(await joinWaitlist(system.info))
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 429])
    expect(answers.map(({ headers }) => headers.get('x-ratelimit-remaining'))).toEqual(['4', '3', '2', '1', '0', '0'])
    const { headers, body } = answers[5] as Answer
    const retryAfter = Number(headers.get('retry-after'))
    expect(retryAfter).toBeGreaterThanOrEqual(1)
    expect(retryAfter).toBeLessThanOrEqual(60)
    expect(headers.get('ratelimit-policy')).toBe('"waitlist";q=5;w=60')
    expect(headers.get('ratelimit')).toBe(`"waitlist";r=0;t=${retryAfter}`)
    expect(headers.get('x-ratelimit-limit')).toBe('5')
    expect(headers.get('x-ratelimit-reset')).toBe(String(retryAfter))
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(JSON.parse(body)).toMatchObject({ status: 429 })
  })

  more(() => system)

  it('fails clearly, and leaves the running system alone, when it is started again on the same data', async () => {
    const ended = await runSystemToItsEnd({ folder, args: ['--api-port', '0', '--site-port', '0', ...args] })
    expect(ended.code).toBe(1)
    expect(ended.output).toMatch(/\[api\] Cannot .*process \d+ is using it/)
    expect(ended.output).toContain('Cannot start the API')
    expect(JSON.parse(await readFile(system.runFile, 'utf8'))).toEqual(system.info)
    expect((await ask(`${system.info.api}/healthz`)).status).toBe(200)
  }, 60_000)

  it('removes run.json and leaves no process when Ctrl-C is pressed', async () => {
    const started = descendantsOf(system.pid)
    expect(started.length).toBeGreaterThanOrEqual(2)
    const { code, output } = await system.stop('SIGINT')
    expect({ code, last: output.trimEnd().split('\n').at(-1) }).toEqual({ code: 0, last: 'Stopped.' })
    expect(await isThere(system.runFile)).toBe(false)
    await expect.poll(() => stillRunning(started), { timeout: 10_000 }).toEqual([])
  }, 60_000)
}

describeWith('redis', 'npm start with redis-server', () => {
  describeRunningSystem('redis', [], (get) => {
    /** One of everything that a visitor and two users do, at once; gives what was answered with a server error. */
    async function serverErrors(users: readonly User[], steps: number): Promise<string[]> {
      const { info } = get()
      const requests = {
        summaries: users.map((user) => user.dailySummary(day)),
        ingests: users.map((user) => user.ingestSteps(day, steps)),
        join: [joinWaitlist(info)],
        stats: [ask(`${info.site}/api/waitlist/stats`)],
        home: [ask(`${info.site}/`)],
      }
      const named = Object.entries(requests).flatMap(([name, list]) =>
        list.map(async (request) => ({ name, answer: await request })),
      )
      const failed = (await Promise.all(named)).filter(({ answer }) => answer.status >= 500)
      return failed.map(({ name, answer }) => `${name}: ${answer.status} ${answer.body}`)
    }

    it('gives no server error while redis-server hangs, and after it is killed', async () => {
      const { info } = get()
      const users = [await newUser(info), await newUser(info)]
      const redis = info.redis?.pid ?? 0
      expect(descendantsOf(get().pid)).toContain(redis)
      process.kill(redis, 'SIGSTOP')
      expect(await serverErrors(users, 1_000)).toEqual([])
      process.kill(redis, 'SIGKILL')
      for (let round = 0; round < 5; round += 1) expect(await serverErrors(users, 2_000 + round)).toEqual([])
    }, 60_000)

    it('caches again, with the newest number, when redis-server is back', async () => {
      const user = await newUser(get().info)
      await user.ingestSteps(day, 7_000)
      await expect.poll(async () => cacheOutcome(await user.dailySummary(day)), { timeout: 30_000 }).toBe('hit')
      expect(stepsOf(await user.dailySummary(day))).toBe(7_000)
    }, 60_000)
  })
})

describe('npm start with --store memory', () => {
  describeRunningSystem('memory', ['--store', 'memory'], () => undefined)
})

describe('npm start', () => {
  let folder: string

  beforeAll(() => {
    folder = newFolder()
  })
  afterAll(() => removeFolder(folder))

  it.each([
    ['--api-port', 'api'],
    ['--site-port', 'site'],
  ])(
    'fails clearly when the port asked for by %s is in use',
    async (option, part) => {
      const server = createServer().listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      const address = server.address()
      const port = typeof address === 'object' ? String(address?.port) : ''
      const others = ['--api-port', '--site-port'].filter((name) => name !== option).flatMap((name) => [name, '0'])
      const args = ['--store', 'memory', '--no-seed', option, port, ...others]
      const ended = await runSystemToItsEnd({ folder, args })
      server.close()
      expect(ended.code).toBe(1)
      expect(ended.output).toMatch(new RegExp(`\\[${part}\\] Cannot .*${port}.*in use`))
      expect(await isThere(join(folder, 'run.json'))).toBe(false)
    },
    startMs,
  )

  it.each([
    [
      'https://example.upstash.io',
      'AbCd',
      'Cannot start: UPSTASH_REDIS_REST_URL is a placeholder, received "https://example.upstash.io"\n',
    ],
    ['https://calm-otter-1.upstash.io', 'your-token', 'Cannot start: UPSTASH_REDIS_REST_TOKEN is a placeholder\n'],
    ['calm-otter-1.upstash.io', 'AbCd', 'Cannot start: UPSTASH_REDIS_REST_URL must be an http or https URL\n'],
    [
      'https://calm-otter-1.upstash.io',
      '',
      'Cannot start: UPSTASH_REDIS_REST_URL is set but UPSTASH_REDIS_REST_TOKEN is not\n',
    ],
  ])('fails clearly when the credentials are %j and %j', async (url, token, message) => {
    const env = { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token }
    const ended = await runSystemToItsEnd({ folder, env })
    expect(ended).toEqual({ code: 1, output: message })
  })
})
