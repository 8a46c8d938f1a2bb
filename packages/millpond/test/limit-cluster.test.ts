import { Cluster, Redis } from 'ioredis'
import { describeWith, freePort, startRedis } from 'millpond-e2e/servers'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createLimiter } from '../src/limit/limiter.ts'
import { concurrency, slidingWindow, tokenBucket } from '../src/limit/policy.ts'
import { redis } from '../src/stores/redis/index.ts'
import { findKeysWithoutTtl } from './keys-without-ttl.ts'

/** One server that holds every slot: it rejects keys of two slots in one call as a cluster of many does. */
describeWith('redis', 'the limiter on a cluster', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let node: Redis
  let cluster: Cluster
  beforeAll(async () => {
    server = await startRedis({
      async args() {
        const busPort = String(await freePort())
        return ['--cluster-enabled', 'yes', '--cluster-port', busPort, '--cluster-announce-ip', '127.0.0.1']
      },
    })
    node = new Redis(server.url)
    await node.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383)
    while (!/cluster_state:ok/.test(String(await node.call('CLUSTER', 'INFO')))) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    cluster = new Cluster([{ host: '127.0.0.1', port: server.port }])
  })
  afterAll(async () => {
    cluster?.disconnect()
    node?.disconnect()
    await server?.stop()
  })

  afterEach(async () => {
    expect(await node.dbsize()).toBeGreaterThan(0)
    expect(await findKeysWithoutTtl(node)).toEqual([])
  })

  const setUp = () =>
    createLimiter({
      store: redis(cluster),
      deadline: '5s',
      policies: {
        address: slidingWindow({ limit: 3, window: '60s', onUnavailable: 'closed' }),
        user: tokenBucket({ limit: 2, refill: 1, window: '60s', onUnavailable: 'closed' }),
        jobs: concurrency({ limit: 1, ttl: '30s', onUnavailable: 'closed' }),
      },
    })

  test('takes of one tick for many identities are each answered', async () => {
    const limiter = setUp()
    const decisions = await Promise.all(
      Array.from({ length: 40 }, (_, index) => limiter.limit('address', `a${index % 10}`)),
    )
    expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(30)
    expect(decisions.every(({ status }) => status !== 'degraded')).toBe(true)
  })

  test('a take over two slots is all or nothing, and names the policy that refused', async () => {
    const limiter = setUp()
    const both = [
      { policy: 'address', key: '203.0.113.7' },
      { policy: 'user', key: 'alice' },
    ] as const
    const statuses: string[] = []
    for (let turn = 0; turn < 3; turn += 1) statuses.push((await limiter.take(both)).status)
    expect(statuses).toEqual(['allowed', 'allowed', 'refused'])
    expect(await limiter.take(both)).toMatchObject({ refusedBy: 'user', limits: [{ remaining: 1 }, { remaining: 0 }] })
  })

  test('refund, reset and permits work there too', async () => {
    const limiter = setUp()
    const decision = await limiter.take([
      { policy: 'jobs', key: 'x' },
      { policy: 'jobs', key: 'y' },
    ])
    expect(await limiter.limit('jobs', 'x')).toMatchObject({ status: 'refused' })
    expect(await limiter.refund(decision)).toEqual({ delivered: true })
    expect((await limiter.limit('jobs', 'x')).allowed).toBe(true)
    expect(await limiter.reset('jobs', 'x')).toEqual({ delivered: true })
    expect((await limiter.limit('jobs', 'x')).allowed).toBe(true)
  })
})
