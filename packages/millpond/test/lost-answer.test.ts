import { type AddressInfo, connect, createServer } from 'node:net'
import { Cluster, Redis } from 'ioredis'
import { describeWith, startRedis, startRedisCluster } from 'millpond-e2e/servers'
import { afterEach, expect, test } from 'vitest'
import { createLimiter, fixedWindow, tokenBucket } from '../src/index.ts'
import { type RedisClient, redis } from '../src/stores/redis/index.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A way to a server that ends a connection in the place of the next answer to a command, when told to: the command has run by then. */
async function openForgetfulWire(target: number) {
  let forgotten: RegExp | undefined
  const wire = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    for (const socket of [client, upstream]) socket.on('error', () => {})
    let asked = ''
    client.on('close', () => upstream.destroy())
    client.on('data', (bytes) => {
      asked = bytes.toString('latin1')
      upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      if (!forgotten?.test(asked)) return void client.write(bytes)
      forgotten = undefined
      client.destroy()
    })
  })
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve))
  closers.push(() => wire.close())
  return {
    port: (wire.address() as AddressInfo).port,
    forget(command: RegExp) {
      forgotten = command
    },
  }
}

/** One server, over a client that is set up as docs/guide/running-redis.md does. */
async function openSingle() {
  const server = await startRedis()
  closers.push(server.stop)
  const { port, forget } = await openForgetfulWire(server.port)
  const client = new Redis(port, { retryStrategy: () => 20, maxRetriesPerRequest: 0 })
  client.on('error', () => {})
  closers.push(() => client.disconnect())
  return { client, forget }
}

const rule = { limit: 100, window: '1h', onUnavailable: 'closed' } as const
const policies = { bucket: tokenBucket({ ...rule, refill: 1 }), fixed: fixedWindow(rule) }

/** What remains after a refund of 10 whose answer is lost, of 60 that were taken of 100. */
async function loseRefund(client: RedisClient, policy: keyof typeof policies, forget: (command: RegExp) => void) {
  // A busy machine is no outage.
  const limiter = createLimiter({ store: redis(client), policies, deadline: '2s' })
  closers.push(() => limiter.close())
  const first = await limiter.take({ policy, key: 'a', cost: 10 })
  await limiter.take({ policy, key: 'a', cost: 50 })
  // So that the script is known, and the answer that is lost is its own.
  await limiter.refund(await limiter.limit(policy, 'a'))
  forget(/evalsha/i)
  expect(await limiter.refund(first)).toEqual({ delivered: false })
  for (;;) {
    const decision = await limiter.peek({ policy, key: 'a' })
    if ('nearest' in decision) return decision.nearest.remaining
  }
}

describeWith('redis', 'an ioredis client that sends nothing again', () => {
  test.each(['bucket', 'fixed'] as const)('gives a refund whose answer is lost back once: %s', async (policy) => {
    const { client, forget } = await openSingle()
    expect(await loseRefund(client, policy, forget)).toBe(50)
  })

  test('answers each command, also one whose connection breaks', async () => {
    const { client, forget } = await openSingle()
    await client.ping()
    forget(/ping/i)
    await expect(redis(client).ping()).rejects.toThrow('Cannot ping: the connection failed (MaxRetriesPerRequestError)')
  })

  test.each(['bucket', 'fixed'] as const)('does so on a cluster: %s', async (policy) => {
    const cluster = await startRedisCluster()
    closers.push(cluster.stop)
    const wires = await Promise.all(cluster.nodes.map(({ port }) => openForgetfulWire(port)))
    const natMap = Object.fromEntries(
      wires.map(({ port }, index) => [`127.0.0.1:${cluster.nodes[index]?.port}`, { host: '127.0.0.1', port }]),
    )
    const client = new Cluster([{ host: '127.0.0.1', port: wires[0]?.port ?? 0 }], {
      natMap,
      retryDelayOnFailover: 0,
    })
    client.on('error', () => {})
    closers.push(() => client.disconnect())
    const forget = (command: RegExp) => {
      for (const wire of wires) wire.forget(command)
    }
    expect(await loseRefund(client, policy, forget)).toBe(50)
  })
})
