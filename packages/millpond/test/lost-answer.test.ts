import { type AddressInfo, connect, createServer } from 'node:net'
import { Redis } from 'ioredis'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { afterEach, expect, test } from 'vitest'
import { createLimiter, fixedWindow, tokenBucket } from '../src/index.ts'
import { redis } from '../src/stores/redis/index.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A way to a server that ends a connection in the place of its next answer, when told to: the command has run by then. */
async function openForgetfulWire(target: number) {
  let forgets = false
  const wire = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    for (const socket of [client, upstream]) socket.on('error', () => {})
    client.on('close', () => upstream.destroy())
    client.on('data', (bytes) => upstream.write(bytes))
    upstream.on('data', (bytes) => {
      if (!forgets) return void client.write(bytes)
      forgets = false
      client.destroy()
    })
  })
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve))
  closers.push(() => wire.close())
  return {
    port: (wire.address() as AddressInfo).port,
    forget() {
      forgets = true
    },
  }
}

describeWith('redis', 'an ioredis client that sends nothing again', () => {
  test.each(['bucket', 'fixed'] as const)('gives a refund whose answer is lost back once: %s', async (policy) => {
    const server = await startRedis()
    closers.push(server.stop)
    const wire = await openForgetfulWire(server.port)
    const client = new Redis(wire.port, { retryStrategy: () => 20, autoResendUnfulfilledCommands: false })
    client.on('error', () => {})
    closers.push(() => client.disconnect())
    const rule = { limit: 100, window: '1h', onUnavailable: 'closed' } as const
    const policies = { bucket: tokenBucket({ ...rule, refill: 1 }), fixed: fixedWindow(rule) }
    // A busy machine is no outage.
    const limiter = createLimiter({ store: redis(client), policies, deadline: '2s' })
    const first = await limiter.take({ policy, key: 'a', cost: 10 })
    await limiter.take({ policy, key: 'a', cost: 50 })
    // So that the script is known, and the answer that is lost is its own.
    await limiter.refund(await limiter.limit(policy, 'b'))

    wire.forget()
    expect(await limiter.refund(first)).toEqual({ delivered: false })
    const decision = await limiter.peek({ policy, key: 'a' })
    expect('nearest' in decision && decision.nearest.remaining).toBe(50)
  })
})
