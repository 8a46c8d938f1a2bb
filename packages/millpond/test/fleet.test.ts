import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { findKeysWithoutTtl } from './keys-without-ttl.ts'

type Server = Awaited<ReturnType<typeof startRedis>>

describeWith('redis', 'a fleet of processes on one Redis', () => {
  let servers: [cache: Server, origin: Server]
  let origin: Redis
  let cacheClient: Redis
  const workers: ChildProcess[] = []

  beforeAll(async () => {
    servers = await Promise.all([startRedis(), startRedis()])
    cacheClient = new Redis(servers[0].url)
    origin = new Redis(servers[1].url)
  })
  afterEach(async () => {
    for (const worker of workers.splice(0)) worker.kill('SIGKILL')
    expect(await findKeysWithoutTtl(cacheClient)).toEqual([])
    await Promise.all([cacheClient.flushall(), origin.flushall()])
  })
  afterAll(async () => {
    cacheClient?.disconnect()
    origin?.disconnect()
    await Promise.all((servers ?? []).map((server) => server.stop()))
  })

  async function startWorkers(count: number): Promise<ChildProcess[]> {
    const started = Array.from({ length: count }, () =>
      fork(join(import.meta.dirname, 'fleet/worker.ts'), [servers[0].url, servers[1].url], {
        execArgv: ['--import', 'tsx'],
      }),
    )
    workers.push(...started)
    await Promise.all(started.map((worker) => once(worker, 'message')))
    return started
  }

  async function ask<Answer>(worker: ChildProcess, command: object): Promise<Answer> {
    const answered = once(worker, 'message')
    worker.send(command)
    const [answer] = await answered
    return answer as Answer
  }

  test('8 processes with 200 cold reads each run one load', async () => {
    await origin.set('version:0', '7')
    const fleet = await startWorkers(8)
    const answers = await Promise.all(fleet.map((worker) => ask(worker, { run: 'cold', reads: 200 })))
    expect(answers).toEqual(Array(8).fill({ values: [7] }))
    expect(await origin.get('loads:0')).toBe('1')
  })

  test.each([
    ['at once', 0],
    ['one after another', 2],
  ])(
    '4 processes with 100 cold reads each, %s, of a load of 200 ms send at most 1,000 commands',
    async (_, everyMs) => {
      const fleet = await startWorkers(4)
      await cacheClient.config('RESETSTAT')
      await Promise.all(fleet.map((worker) => ask(worker, { run: 'cold', reads: 100, everyMs, loadMs: 200 })))
      expect(await origin.get('loads:0')).toBe('1')
      const stats = await cacheClient.info('commandstats')
      // Those that scripts call are counted too, as a service that bills by the command does.
      const counts = [...stats.matchAll(/^cmdstat_(?!config|info)[^:]+:calls=(\d+)/gm)].map(([, calls]) =>
        Number(calls),
      )
      const commands = counts.reduce((sum, calls) => sum + calls, 0)
      expect(commands).toBeLessThanOrEqual(1_000)
    },
  )

  test('when the process that loads is killed, another loads once its lease is over', async () => {
    const [holder, next] = await startWorkers(2)
    if (!holder || !next) throw new TypeError('two workers were started')
    await ask(holder, { run: 'hang' })
    await vi.waitFor(async () => expect(await origin.get('loads:0')).toBe('1'), { timeout: 20_000 })
    holder.kill('SIGKILL')
    expect(await ask(next, { run: 'cold', reads: 10 })).toEqual({ values: [0] })
    expect(await origin.get('loads:0')).toBe('2')
  })

  const soakMs = Number(process.env.MILLPOND_SOAK_MS ?? 5_000)
  const soak = { timeout: soakMs + 60_000 }
  test(
    'no read is older than what was invalidated before it began, while keys are evicted and all is flushed',
    soak,
    async () => {
      const fleet = await startWorkers(5)
      const runs = ['read', 'read', 'read', 'write', 'evict']
      const answers = await Promise.all(
        fleet.map((worker, index) => ask<Record<string, number>>(worker, { run: runs[index], ms: soakMs })),
      )
      const reads = answers.slice(0, 3)
      expect(reads.map(({ stale }) => stale)).toEqual([0, 0, 0])
      expect(answers[3]).toMatchObject({ undelivered: 0 })
      // It means something only if there was something to go wrong.
      expect(reads.reduce((sum, answer) => sum + (answer.reads ?? 0), 0)).toBeGreaterThan(500)
      expect(answers[3]?.writes).toBeGreaterThan(50)
      expect(answers[4]?.evictions).toBeGreaterThan(50)
      expect(JSON.stringify(reads)).toMatch(/hit.*|stale.*/)
    },
  )
})
