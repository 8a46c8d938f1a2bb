import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import {
  type Certificate,
  createCertificate,
  describeWith,
  freePort,
  type StartedRedis,
  startRedis,
  startRedisCluster,
} from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { createServer, type RestServer, type ServerOptions } from '../src/index.ts'
import { command, request } from './request.ts'

const folder = mkdtempSync(join(tmpdir(), 'millpond-redis-tls-'))
afterAll(() => rmSync(folder, { recursive: true }))

const tokens = ['full', { token: 'confined', prefix: 'a:' }]

async function open(options: ServerOptions): Promise<RestServer> {
  const server = await createServer({ token: tokens, ...options })
  onTestFinished(() => server.close())
  return server
}

/** Everything that opens a connection of its own: the shared one, that of a token's user, that of a stream. */
async function useAll(server: RestServer): Promise<unknown[]> {
  const body = JSON.stringify(['EVAL', 'return KEYS[1]', 1, 'k'])
  const script = await request(server, '/', { token: 'confined', body })
  const stream = await fetch(`${server.url}/subscribe/c`, { headers: { authorization: `Bearer ${server.token}` } })
  const reader = stream.body?.getReader()
  const event = new TextDecoder().decode((await reader?.read())?.value)
  await reader?.cancel()
  return [await command(server, 'SET', 'k', 'v'), script.text, event]
}

const allUsed = ['{"result":"OK"}', '{"result":"a:k"}', 'data: subscribe,c,1\n\n']

function away(reason: string): string {
  return `{"error":"ERR Redis is not reachable (${reason}): the command did not run"}`
}

describeWith(['redis', 'openssl'], 'a Redis over TLS', () => {
  let authority: Certificate
  let other: Certificate
  let redis: StartedRedis
  let url: string
  beforeAll(async () => {
    authority = createCertificate(folder, 'authority')
    other = createCertificate(folder, 'other')
    const { redisArgs } = createCertificate(folder, 'server', { issuer: authority })
    redis = await startRedis({
      async args() {
        const port = await freePort()
        url = `rediss://127.0.0.1:${port}`
        return ['--tls-port', String(port), ...redisArgs]
      },
    })
  })
  afterAll(() => redis?.stop())

  it('redisTls.ca lets every connection in whose certificate one of them has signed', async () => {
    for (const ca of [authority.cert, Buffer.from(authority.cert), `# of two\n${other.cert}${authority.cert}`]) {
      expect(await useAll(await open({ redis: url, redisTls: { ca } }))).toEqual(allUsed)
    }
  })

  it('redisTls.ca lets nobody else in, and without it nobody whom Node.js does not know', async () => {
    const refused = [{ redisTls: { ca: other.cert } }, { redisTls: {} }, {}]
    for (const options of refused) {
      const server = await open({ redis: url, ...options })
      expect(await command(server, 'PING')).toBe(away('SELF_SIGNED_CERT_IN_CHAIN'))
    }
  })

  it('redisTls.insecure takes a certificate that nobody has signed for another host', async () => {
    const self = createCertificate(folder, 'self', { names: 'DNS:elsewhere.example' })
    let port = 0
    const unsigned = await startRedis({
      async args() {
        port = await freePort()
        return ['--tls-port', String(port), ...self.redisArgs]
      },
    })
    onTestFinished(() => unsigned.stop())
    const at = `valkeys://127.0.0.1:${port}`
    expect(await useAll(await open({ redis: at, redisTls: { insecure: true } }))).toEqual(allUsed)
    const named = await open({ redis: at, redisTls: { ca: self.cert } })
    expect(await command(named, 'PING')).toBe(away('ERR_TLS_CERT_ALTNAME_INVALID'))
  })

  const bad: [ServerOptions, string][] = [
    [
      { redis: 'redis://:secret@h:1', redisTls: {} },
      'Cannot connect to Redis: "redisTls" needs a rediss:// or valkeys:// URL, received "redis://h:1"',
    ],
    [{ redisTls: { insecure: true } }, 'Cannot create server: "redisTls" is for the Redis that "redis" names'],
  ]
  it.each(bad)('createServer() refuses %j', async (options, message) => {
    await expect(createServer(options)).rejects.toThrow(message)
  })
})

describeWith(['redis', 'openssl'], 'a cluster over TLS', () => {
  it('redisTls.ca lets the connections to every node in', async () => {
    const authority = createCertificate(folder, 'authority-of-cluster')
    const { redisArgs } = createCertificate(folder, 'node', { issuer: authority })
    const ports: number[] = []
    const cluster = await startRedisCluster({
      async argsOf(index) {
        ports[index] = await freePort()
        return ['--tls-port', String(ports[index]), '--tls-cluster', 'yes', ...redisArgs]
      },
    })
    onTestFinished(() => cluster.stop())
    const server = await open({ redis: `rediss://127.0.0.1:${ports[0]}`, redisTls: { ca: authority.cert } })
    expect(await useAll(server)).toEqual(allUsed)
    const keys = Array.from({ length: 30 }, (_, index) => `k${index}`)
    for (const key of keys) expect(await command(server, 'SET', key, 'v')).toBe('{"result":"OK"}')
    const sizes = await Promise.all(
      cluster.nodes.map(async ({ url }) => {
        const admin = new Redis(url)
        const size = await admin.dbsize()
        admin.disconnect()
        return size > 0
      }),
    )
    expect(sizes).toEqual([true, true, true])
  })
})
