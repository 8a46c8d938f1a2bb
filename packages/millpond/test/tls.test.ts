import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cluster, Redis } from 'ioredis'
import { createCertificate, describeWith, freePort, startRedis, startRedisCluster } from 'millpond-e2e/servers'
import { createClient, createCluster } from 'redis'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createCache } from '../src/index.ts'
import { redis } from '../src/stores/redis/index.ts'
import { tracking } from '../src/stores/redis/tracking.ts'
import type { Store } from '../src/stores/store.ts'
import { describeBoth } from './run-contract.ts'

const folder = mkdtempSync(join(tmpdir(), 'millpond-tls-'))
afterAll(() => rmSync(folder, { recursive: true }))

describeWith(['redis', 'openssl'], 'redis() over TLS', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let url: string
  let ca: string
  let ioredis: Redis
  let nodeRedis: ReturnType<typeof createClient>
  beforeAll(async () => {
    const certificate = createCertificate(folder, 'server')
    ca = certificate.cert
    server = await startRedis({
      async args() {
        const tlsPort = await freePort()
        url = `rediss://127.0.0.1:${tlsPort}`
        return ['--tls-port', String(tlsPort), ...certificate.redisArgs]
      },
    })
    ioredis = new Redis(url, { tls: { ca } })
    nodeRedis = createClient({ url, socket: { tls: true, ca } })
    await nodeRedis.connect()
  })
  afterAll(async () => {
    ioredis?.disconnect()
    nodeRedis?.destroy()
    await server?.stop()
  })
  describeBoth(() => ({ ioredis, nodeRedis }))

  test.each([
    ['ioredis', () => [redis(ioredis), tracking(ioredis)] as const],
    ['node-redis', () => [redis(nodeRedis), tracking(nodeRedis)] as const],
  ])('tracking listens over TLS too: %s', async (_, open) => {
    const [store, push] = open()
    const cache = createCache({ store, push, namespace: 'tls' })
    const list = async () => String(await ioredis.call('CLIENT', 'LIST')).match(/flags=\w*B/g) ?? []
    await vi.waitFor(async () => expect(await list()).toHaveLength(1), { timeout: 20_000 })
    cache.close()
    await vi.waitFor(async () => expect(await list()).toHaveLength(0), { timeout: 20_000 })
  })

  const causes = {
    'a certificate that it does not trust': [
      () => url,
      () => createCertificate(folder, 'other').cert,
      /self-signed certificate/,
    ],
    'a server that speaks TLS where it does not': [
      () => url.replace('rediss', 'redis'),
      () => undefined,
      /ECONNRESET|closed/,
    ],
    'a server that does not speak TLS where it does': [
      () => `rediss://127.0.0.1:${server.port}`,
      () => ca,
      /ETIMEDOUT|timeout/,
    ],
  } as const
  const openers = {
    ioredis(to: string, given: string | undefined, onError: (error: Error) => void): readonly [Store, () => void] {
      const tls = given === undefined ? {} : { tls: { ca: given } }
      const client = new Redis(to, { ...tls, maxRetriesPerRequest: 0, enableOfflineQueue: false, connectTimeout: 500 })
      client.on('error', onError)
      return [redis(client), () => client.disconnect()]
    },
    'node-redis'(to: string, given: string | undefined, onError: (error: Error) => void): readonly [Store, () => void] {
      const tls = given === undefined ? {} : { tls: true as const, ca: given }
      const client = createClient({ url: to, disableOfflineQueue: true, socket: { ...tls, connectTimeout: 500 } })
      client.on('error', onError)
      client.connect().catch(() => {})
      return [redis(client), () => client.destroy()]
    },
  }
  const cases = Object.keys(causes).flatMap((cause) => Object.keys(openers).map((name) => [name, cause] as const))
  test.each(cases)('%s over %s: the client says why, and reads are loaded', async (name, cause) => {
    const [to, given, reason] = causes[cause as keyof typeof causes]
    const errors: string[] = []
    const [store, close] = openers[name as keyof typeof openers](to(), given(), ({ message }) => errors.push(message))
    const cache = createCache({ store, namespace: 'tls' })
    try {
      const value = cache.define({ name: 'value', ttl: '5m', load: () => 1 })
      for (let turn = 0; turn < 7; turn += 1) expect(await value.get()).toMatchObject({ value: 1, status: 'bypass' })
      await vi.waitFor(() => expect(errors.join()).toMatch(reason), { timeout: 20_000 })
      const { checks } = await cache.selfTest()
      expect(checks.map(({ ok }) => ok)).toEqual([false, false])
    } finally {
      cache.close()
      close()
    }
  })
})

describeWith(
  ['redis', 'openssl'],
  'redis() on a cluster with TLS and a login, whose nodes have other names outside',
  () => {
    const login = { username: 'app', password: 'secret' }
    let cluster: Awaited<ReturnType<typeof startRedisCluster>>
    let ioredis: Cluster
    let nodeRedis: ReturnType<typeof createCluster>
    beforeAll(async () => {
      const { cert: ca, redisArgs } = createCertificate(folder, 'cluster')
      const ports: number[] = []
      cluster = await startRedisCluster({
        async argsOf(index) {
          const port = await freePort()
          ports[index] = port
          return ['--tls-port', String(port), '--tls-cluster', 'yes', ...redisArgs]
        },
      })
      for (const { url } of cluster.nodes) {
        const admin = new Redis(url)
        await admin.call('ACL', 'SETUSER', login.username, 'on', `>${login.password}`, '~mp:*', '+@all')
        await admin.call('ACL', 'SETUSER', 'default', 'off')
        admin.disconnect()
      }
      const outside = (address: string) => ({ host: 'localhost', port: Number(address.split(':').at(-1)) })
      ioredis = new Cluster([{ host: 'localhost', port: ports[0] ?? 0 }], {
        // As for a certificate that is made out to names: what is asked for is not replaced by its address.
        dnsLookup: (address, callback) => callback(null, address),
        natMap: (address) => outside(address),
        redisOptions: { ...login, tls: { ca } },
      })
      nodeRedis = createCluster({
        rootNodes: [{ url: `rediss://localhost:${ports[0]}` }],
        defaults: { ...login, socket: { tls: true, ca } },
        nodeAddressMap: outside,
        minimizeConnections: true,
        useReplicas: true,
      })
      await nodeRedis.connect()
    })
    afterAll(async () => {
      ioredis?.disconnect()
      nodeRedis?.destroy()
      await cluster?.stop()
    })
    describeBoth(() => ({ ioredis, nodeRedis }))
  },
)
