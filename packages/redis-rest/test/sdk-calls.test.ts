import { Redis } from '@upstash/redis'
import { describeEngines, type FoundEngine, isAtLeast, type StartedRedis, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createServer, type RestServer } from '../src/index.ts'
import { type SdkCall, sdkCalls, upstashOnly } from './cases/sdk-calls.ts'

/** Methods of the client that send no command, or are tested elsewhere; the array family (AR*) is Upstash's own. */
const elsewhere = /^(constructor|addTelemetry|autoPipeline|use|subscribe|psubscribe|ar[a-z]+)$/

function has(engine: FoundEngine, { since, sinceValkey }: SdkCall): boolean {
  if (since === undefined) return true
  if (engine.kind === 'redis') return isAtLeast(engine, since)
  // Valkey came from Redis 7.2, and what Redis brought later has other versions there.
  if (sinceValkey !== undefined) return isAtLeast(engine, sinceValkey)
  return since[0] < 7 || (since[0] === 7 && since[1] <= 2)
}

function methodsOf(client: Redis): string[] {
  const names = [...Object.keys(client), ...Object.getOwnPropertyNames(Redis.prototype)]
  const parent: object = Object.getPrototypeOf(Redis.prototype)
  const all = [...names, ...Object.getOwnPropertyNames(parent)]
  const skipped = new Set([
    'json',
    'functions',
    'hasOwnProperty',
    'isPrototypeOf',
    'toString',
    'valueOf',
    'toLocaleString',
  ])
  return [...new Set(all)].filter(
    (name) => !skipped.has(name) && /^[a-z]/.test(name) && typeof Reflect.get(client, name) === 'function',
  )
}

it('sdkCalls have every method of the client that sends a command', () => {
  const covered = new Set(sdkCalls.flatMap(({ name }) => name.replace(/:.*/, '').split(' ')))
  const client = new Redis({ url: 'http://127.0.0.1:1', token: 'none' })
  const missing = methodsOf(client).filter((name) => !covered.has(name) && !elsewhere.test(name))
  expect(missing).toEqual([])
})

describeEngines('every call of @upstash/redis', (engine) => {
  let redis: StartedRedis
  let server: RestServer
  let client: Redis

  beforeAll(async () => {
    redis = await startRedis({ engine })
    server = await createServer({ redis: redis.url })
    // What batches calls by itself cannot chain `bitfield`; that it works too is in upstash-redis.test.ts.
    const enableAutoPipelining = false
    client = new Redis({ url: server.url, token: server.token, enableTelemetry: false, enableAutoPipelining })
  })
  afterAll(async () => {
    await server?.close()
    await redis?.stop()
  })
  beforeEach(async () => {
    await client.flushall()
  })

  it.each(sdkCalls.filter((call) => has(engine, call)))('$name', async ({ run, expected }) => {
    expect(await run(client)).toEqual(expected)
  })

  it.each(sdkCalls.filter((call) => !has(engine, call)))(
    '$name: an error, since the engine is older, and the client goes on',
    async ({ run }) => {
      await expect(run(client)).rejects.toThrow(/ERR (unknown|syntax|wrong number|Unknown)/)
      expect(await client.ping()).toBe('PONG')
    },
  )

  // Redis 8 has RedisJSON only where it was built with it; Debian's is not.
  it.each(upstashOnly)('%s is an error in the words of the engine, and the client goes on', async (_, run) => {
    await expect(run(client)).rejects.toThrow(/ERR unknown command/)
    expect(await client.ping()).toBe('PONG')
  })
})
