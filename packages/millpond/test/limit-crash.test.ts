import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { hold } from '../src/limit/hold.ts'
import { LEASE_MS } from '../src/limit/lease.ts'
import { createLimiter } from '../src/limit/limiter.ts'
import { redis } from '../src/stores/redis/index.ts'
import { CRASH_POLICIES, JOBS, LEASED } from './crash-policies.ts'

describeWith('redis', 'a process that is killed', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let client: Redis
  let children: ChildProcess[] = []
  beforeAll(async () => {
    server = await startRedis()
    client = new Redis(server.url)
  })
  beforeEach(async () => {
    await client.flushall()
  })
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL')
    children = []
  })
  afterAll(async () => {
    client?.disconnect()
    await server?.stop()
  })

  /** Starts a process that takes and holds; resolves once it has. */
  async function startHolder(...args: string[]): Promise<{ child: ChildProcess; got: number }> {
    const child = fork(new URL('./limit-holder.ts', import.meta.url), [server.url, ...args], {
      execArgv: ['--import', 'tsx'],
    })
    children.push(child)
    const [got] = await once(child, 'message')
    return { child, got }
  }

  async function kill(child: ChildProcess): Promise<void> {
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }

  const setUp = () =>
    createLimiter({ store: redis(client), deadline: '10s', denialMemo: false, policies: CRASH_POLICIES })

  /** The server's clock, by which all of it is decided. */
  const serverNow = async () => {
    const [seconds = 0, micros = 0] = (await client.time()).map(Number)
    return seconds * 1_000 + Math.floor(micros / 1_000)
  }

  test('strands at most one block of its lease, for as long as a unit spent from it may count', async () => {
    const { child, got } = await startHolder('lease')
    const takenBy = await serverNow()
    await kill(child)
    expect(got).toBe(3)
    const limiter = setUp()
    const room = async () => {
      const decision = await limiter.peek({ policy: 'leased', key: 'a' })
      return 'nearest' in decision ? decision.nearest.remaining : undefined
    }
    expect(await room()).toBe(LEASED.limit - LEASED.lease.units)
    while ((await room()) !== LEASED.limit) {
      expect(await serverNow()).toBeLessThanOrEqual(takenBy + LEASED.window + LEASE_MS + 5_000)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }, 60_000)

  test('keeps its permits for at most their time to live, and while others crash never more than the limit are out', async () => {
    const first = await startHolder('permits', '3')
    const second = await startHolder('permits', '3')
    expect([first.got, second.got]).toEqual([3, 1])
    const limiter = setUp()
    const take = () => hold(limiter, { policy: 'jobs', key: 'a' })
    expect((await take()).decision.allowed).toBe(false)
    await kill(first.child)
    // The permits of the second are renewed all the while; those of the first end by themselves.
    const held = []
    while (held.length < 3) {
      const hold = await take()
      if (hold.decision.allowed) held.push(hold)
      else await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect((await take()).decision.allowed).toBe(false)
    const decision = (await take()).decision
    expect(decision.status === 'refused' && decision.retryAfterMs <= JOBS.ttl).toBe(true)
    await kill(second.child)
    while (held.length < 4) {
      const hold = await take()
      if (hold.decision.allowed) held.push(hold)
      else await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect((await take()).decision.allowed).toBe(false)
    expect(held.every(({ lost }) => !lost.aborted)).toBe(true)
    await Promise.all(held.map((hold) => hold.release()))
    limiter.close()
  }, 60_000)
})
