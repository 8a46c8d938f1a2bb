import { readFile } from 'node:fs/promises'
import { Cluster, Redis } from 'ioredis'
import { describeEngines, describeWith, startRedis, startRedisCluster } from 'millpond-e2e/servers'
import { createClient, createCluster } from 'redis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCache, createLimiter, slidingWindow } from '../src/index.ts'
import { redis } from '../src/stores/redis/index.ts'
import type { Store } from '../src/stores/store.ts'
import { describeBoth } from './run-contract.ts'

const page = await readFile(new URL('../../../docs/guide/running-redis.md', import.meta.url), 'utf8')
/** The lines that the guide gives: for any server, and for each of a cluster. */
const [RULES = [], CLUSTER_RULES = []] = [...page.matchAll(/^ACL (SETUSER millpond .*)$/gm)].map(
  ([, rules]) => rules?.split(' ') ?? [],
)
const ALLOWED = RULES.flatMap((rule) => (rule.startsWith('+') ? [rule.slice(1)] : [])).sort()
/** What clients send to introduce themselves, which any user may or which may fail; and what the test sends as another user. */
const OTHERS = [
  'acl|setuser',
  'auth',
  'client',
  'client|setinfo',
  'cluster|info',
  'cluster|slots',
  'command',
  'config|resetstat',
  'hello',
  'quit',
]

const login = { username: 'millpond', password: 'password' }

async function allow(url: string, ...rules: readonly string[]): Promise<void> {
  const admin = new Redis(url)
  await admin.call('ACL', ...rules)
  admin.disconnect()
}

/** The self-tests of a cache and a limiter, and what needs SCAN. */
async function selfTest(store: Store) {
  const cache = createCache({ store, namespace: 'acl', deadline: '10s' })
  const limiter = createLimiter({
    store,
    deadline: '10s',
    policies: { one: slidingWindow({ limit: 1, window: '1m', onUnavailable: 'closed' }) },
  })
  try {
    await cache.set(cache.key('user', 1), 1, { ttl: '1m' })
    const matched = await cache.deleteMatching('user')
    return { cache: await cache.selfTest(), limiter: await limiter.selfTest(), matched }
  } finally {
    cache.close()
    limiter.close()
  }
}

const HOLDS = { cache: { ok: true }, limiter: { ok: true }, matched: { deleted: 1, complete: true } }

function testTheRest(setUp: () => Store): void {
  test('what else asks the store holds too', async () => {
    expect(await selfTest(setUp())).toMatchObject(HOLDS)
  })
}

describeEngines('redis() as the user of the guide', (engine) => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let ioredis: Redis
  let nodeRedis: ReturnType<typeof createClient>
  beforeAll(async () => {
    server = await startRedis({ engine })
    await allow(server.url, ...RULES)
    const admin = new Redis(server.url)
    // Valkey counts what it asks of itself when it starts.
    await admin.config('RESETSTAT')
    admin.disconnect()
    ioredis = new Redis(server.port, '127.0.0.1', login)
    nodeRedis = createClient({ url: server.url, ...login })
    await nodeRedis.connect()
  })
  afterAll(async () => {
    ioredis?.disconnect()
    nodeRedis?.destroy()
    await server?.stop()
  })
  describeBoth(() => ({ ioredis, nodeRedis }), testTheRest)

  test('every command that it may run was needed', async () => {
    const admin = new Redis(server.url)
    const info = await admin.info('commandstats')
    admin.disconnect()
    const used = [...info.matchAll(/^cmdstat_(\S+?):calls=[1-9]/gm)].map(([, name = '']) => name)
    expect(used.filter((name) => !OTHERS.includes(name)).sort()).toEqual(ALLOWED)
  })
})

describeWith('redis', 'redis() as a user who may too little', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.stop())

  test.each([
    ['no scripts', ['-evalsha'], 'evalsha'],
    ['no reads', ['-mget'], 'mget'],
    ['other keys', ['resetkeys', '~app:*'], 'mget'],
  ])('says what the server said: %s', async (_, rules, command) => {
    await allow(server.url, 'SETUSER', 'millpond', 'reset')
    await allow(server.url, ...RULES, ...rules)
    const client = new Redis(server.port, '127.0.0.1', login)
    try {
      const { cache, limiter } = await selfTest(redis(client))
      expect(cache.checks[0]).toMatchObject({ ok: false })
      expect(cache.checks[0]?.detail).toContain(`: StoreReplyError: Cannot ${command}: the store answered NOPERM`)
      if (command !== 'evalsha') return
      const refused = 'StoreReplyError: Cannot evalsha: the store answered NOPERM'
      expect(limiter.checks).toEqual([{ name: 'a limit refuses', ok: false, detail: `${refused}, then ${refused}` }])
    } finally {
      client.disconnect()
    }
  })
})

describeWith('redis', 'redis() as the user of the guide on a cluster', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>
  let ioredis: Cluster
  let nodeRedis: ReturnType<typeof createCluster>
  beforeAll(async () => {
    cluster = await startRedisCluster()
    for (const { url } of cluster.nodes) {
      await allow(url, ...RULES)
      await allow(url, ...CLUSTER_RULES)
    }
    const [first] = cluster.nodes
    ioredis = new Cluster([{ host: '127.0.0.1', port: first?.port ?? 0 }], { redisOptions: login })
    nodeRedis = createCluster({ rootNodes: [{ url: first?.url ?? '' }], defaults: login })
    await nodeRedis.connect()
  })
  afterAll(async () => {
    ioredis?.disconnect()
    nodeRedis?.destroy()
    await cluster?.stop()
  })
  describeBoth(() => ({ ioredis, nodeRedis }), testTheRest)
})
