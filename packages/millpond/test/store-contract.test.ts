import { Redis } from 'ioredis'
import { describeEngines, describeWith, startRedis } from 'millpond-e2e/servers'
import { createServer } from 'millpond-rest'
import { createClient, createClientPool } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memory } from '../src/stores/memory/index.ts'
import { redis } from '../src/stores/redis/index.ts'
import type { Store } from '../src/stores/store.ts'
import { upstash, upstashCache, upstashLimits } from '../src/stores/upstash/index.ts'
import { type ContractContext, createContractContext } from '../src/testing/contract-case.ts'
import { createFakeClock } from '../src/testing/fake-clock.ts'
import { storeContract } from '../src/testing/store-contract.ts'
import { findKeysWithoutTtl } from './keys-without-ttl.ts'
import { passRealTime } from './run-contract.ts'
import { startClusterClients } from './start-cluster-clients.ts'

describe('memory()', () => {
  runContract(() => {
    const clock = createFakeClock()
    return { store: memory({ clock }), pass: (ms) => clock.advance(ms) }
  }, test)
})

describeEngines('redis() over ioredis', (engine) => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let client: Redis
  beforeAll(async () => {
    server = await startRedis({ engine })
    client = new Redis(server.url)
  })
  afterAll(async () => {
    client?.disconnect()
    await server?.stop()
  })
  runContract(() => ({ store: redis(client), pass: passRealTime }))

  test('after the suite every key has a TTL', async () => {
    expect(await findKeysWithoutTtl(client)).toEqual([])
    expect(await client.dbsize()).toBeGreaterThan(10)
  })

  test('the suite holds when the scripts are flushed before each command', async () => {
    const flushing = {
      call: async (command: string, ...args: (string | number)[]) => {
        // Sent right behind one another, so that no other case's script comes between them.
        const flushed = command === 'EVALSHA' ? client.script('FLUSH') : undefined
        const [answer] = await Promise.all([client.call(command, ...args), flushed])
        return answer
      },
    }
    await Promise.all(storeContract.map(({ run }) => run(createContractContext(redis(flushing), passRealTime))))
  })
})

describeWith('redis', 'redis() over node-redis', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let client: ReturnType<typeof createClient>
  let pool: ReturnType<typeof createClientPool>
  beforeAll(async () => {
    server = await startRedis()
    client = createClient({ url: server.url })
    pool = createClientPool({ url: server.url }, { minimum: 3, maximum: 3 })
    await Promise.all([client.connect(), pool.connect()])
  })
  afterAll(async () => {
    client?.destroy()
    pool?.destroy()
    await server?.stop()
  })
  runContract(() => ({ store: redis(client), pass: passRealTime }))
  describe('and its pool', () => {
    runContract(() => ({ store: redis(pool), pass: passRealTime }))
  })
})

describeWith('redis', 'redis() over a cluster', () => {
  let started: Awaited<ReturnType<typeof startClusterClients>>
  beforeAll(async () => {
    started = await startClusterClients()
  })
  afterAll(() => started?.stop())
  describe('ioredis', () => {
    runContract(() => ({ store: redis(started.ioredis), pass: passRealTime }))
  })
  describe('node-redis', () => {
    runContract(() => ({ store: redis(started.nodeRedis), pass: passRealTime }))
  })
})

describeEngines('upstash() over millpond-rest', (engine) => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let rest: Awaited<ReturnType<typeof createServer>>
  let store: Store
  beforeAll(async () => {
    server = await startRedis({ engine })
    rest = await createServer({ redis: server.url })
    store = upstash({ url: rest.url, token: rest.token })
  })
  afterAll(async () => {
    await rest?.close()
    await server?.stop()
  })
  runContract(() => ({ store, pass: passRealTime }))

  describe('as its halves', () => {
    runContract(() => {
      const options = { url: rest.url, token: rest.token }
      return { store: { ...upstashCache(options), ...upstashLimits(options) }, pass: passRealTime }
    })
  })
})

/** At the same time where a case waits for real time to pass. */
function runContract(
  setUp: () => { store: Store; pass: ContractContext['pass'] },
  runner: typeof test | typeof test.concurrent = test.concurrent,
): void {
  runner.each(storeContract)('$name', async ({ run }) => {
    const { store, pass } = setUp()
    await run(createContractContext(store, pass))
  })
}
