import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createCertificate, describeWith, freePort, type StartedRedis, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createServer, type RestServer } from '../src/index.ts'
import { command, request } from './request.ts'

const soon = { timeout: 10_000, interval: 20 }

const folder = mkdtempSync(join(tmpdir(), 'millpond-operations-'))
afterAll(() => rmSync(folder, { recursive: true }))

describeWith('redis', 'the server in operation', () => {
  let redis: StartedRedis
  let server: RestServer

  beforeAll(async () => {
    redis = await startRedis()
    server = await createServer({ redis: redis.url, token: 'secret-token', cors: ['https://app.example'] })
  })
  afterAll(async () => {
    await server?.close()
    await redis?.stop()
  })

  it('/health needs no token and tells whether Redis answers', async () => {
    const other = await startRedis()
    const second = await createServer({ redis: other.url, commandTimeoutMs: 200 })
    const health = async () => {
      const { status, text: body } = await request(second, '/health', { token: null })
      return [status, JSON.parse(body).status]
    }
    expect(await health()).toEqual([200, 'ok'])
    expect((await request(second, '/health/', { token: null })).status).toBe(200)
    other.kill('SIGSTOP')
    expect(await health()).toEqual([503, 'unavailable'])
    other.kill('SIGCONT')
    await vi.waitFor(async () => expect(await health()).toEqual([200, 'ok']), soon)
    other.kill('SIGKILL')
    await vi.waitFor(async () => expect(await health()).toEqual([503, 'unavailable']), soon)
    await second.close()
    await other.stop()
  })

  it('/metrics needs a token and holds neither keys nor tokens', async () => {
    await command(server, 'SET', 'a-secret-key', 'a-secret-value')
    await request(server, '/get/a-secret-key?_token=secret-token', { token: null })
    await request(server, '/get/a-secret-key', { token: 'guess' })
    expect((await request(server, '/metrics', { token: null })).status).toBe(401)
    const { text: body, headers } = await request(server, '/metrics')
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(body).toContain('millpond_rest_requests_total{route="path",status="200"} 1\n')
    expect(body).toContain('millpond_rest_requests_total{route="path",status="401"} 1\n')
    expect(body).toContain('millpond_rest_engine_up 1\n')
    expect(body).not.toMatch(/secret|guess/)
  })

  it('a page of an allowed origin may use the server, any other not', async () => {
    const preflight = { method: 'OPTIONS', token: null, headers: { origin: 'https://app.example' } }
    const allowed = await request(server, '/pipeline', preflight)
    expect([allowed.status, allowed.text]).toEqual([204, ''])
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(allowed.headers.get('access-control-allow-headers')).toContain('authorization, content-type')
    const answer = await request(server, '/ping', { headers: { origin: 'https://app.example' } })
    expect([answer.text, answer.headers.get('access-control-allow-origin'), answer.headers.get('vary')]).toEqual([
      '{"result":"PONG"}',
      'https://app.example',
      'origin',
    ])
    const refused = await request(server, '/pipeline', { ...preflight, headers: { origin: 'https://evil.example' } })
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([405, null])
  })

  it('with * a page of any origin may use the server', async () => {
    const open = await createServer({ redis: redis.url, cors: ['*'] })
    const headers = { origin: 'https://any.example' }
    const preflight = await request(open, '/pipeline', { method: 'OPTIONS', token: null, headers })
    const answer = await request(open, '/ping', { headers })
    const seen = [preflight, answer].map((one) => [
      one.status,
      ...['access-control-allow-origin', 'vary', 'content-length', 'content-type'].map((name) => one.headers.get(name)),
    ])
    expect(seen).toEqual([
      [204, '*', null, null, null],
      [200, '*', null, '17', 'application/json'],
    ])
    await open.close()
  })

  it('without cors there is no such header', async () => {
    const plain = await createServer({ redis: redis.url })
    const headers = { origin: 'https://app.example' }
    const answer = await request(plain, '/ping', { headers })
    expect(['access-control-allow-origin', 'vary'].map((name) => answer.headers.get(name))).toEqual([null, null])
    expect((await request(plain, '/ping', { method: 'OPTIONS', headers })).status).toBe(405)
    await plain.close()
  })

  it('data outlive the server, and two servers cannot share a folder, not while its Redis is started again either', async () => {
    const data = join(folder, 'data')
    const others: Promise<unknown>[] = []
    const first = await createServer({
      data,
      onEvent: ({ type }) => void (type === 'child-ended' && others.push(createServer({ data }).catch(String))),
    })
    await command(first, 'SET', 'k', 'kept')
    const pid = first.engine.pid ?? 0
    process.kill(pid, 'SIGKILL')
    await vi.waitFor(() => expect(first.engine.pid ?? pid).not.toBe(pid), soon)
    await vi.waitFor(async () => expect(await command(first, 'GET', 'k')).toBe('{"result":"kept"}'), soon)
    expect(await Promise.all(others)).toEqual([
      `ConfigError: Cannot use the data folder: process ${process.pid} works in "${data}"`,
    ])
    await first.close()
    const second = await createServer({ data })
    expect(await command(second, 'GET', 'k')).toBe('{"result":"kept"}')
    await second.close()
  })

  it('a record of more than 100 MiB is refused by the Redis that is started here', async () => {
    const own = await createServer()
    expect(await command(own, 'SETRANGE', 'k', 100 * 1024 * 1024, 'x')).toBe(
      '{"error":"ERR string exceeds maximum allowed size (proto-max-bulk-len)"}',
    )
    await own.close()
  })

  it('close() does not wait for a connection that was opened ahead and never carried a request', async () => {
    const second = await createServer({ redis: redis.url, drainMs: 3_600_000 })
    const socket = connect(second.port, '127.0.0.1')
    await once(socket, 'connect')
    // Accepted after it.
    await request(second, '/ping')
    const dropped = once(socket, 'close')
    await second.close()
    await dropped
  })

  it('close() drops requests that take longer than drainMs', async () => {
    const second = await createServer({ redis: redis.url, drainMs: 50 })
    const slow = httpRequest(`${second.url}/set/k`, {
      method: 'POST',
      headers: { authorization: `Bearer ${second.token}`, 'content-length': 10 },
    })
    const failed = once(slow, 'error')
    slow.write('half')
    await once(slow, 'socket')
    await vi.waitFor(() => expect(slow.socket?.connecting).toBe(false), soon)
    await second.close()
    expect((await failed)[0]).toBeInstanceOf(Error)
  })
})

describeWith(['redis', 'openssl'], 'the server over TLS', () => {
  it('HTTPS is served with a key and a certificate, and Redis is reached over TLS', async () => {
    const { key, cert, certFile, redisArgs } = createCertificate(folder, 'server')
    let tlsPort = 0
    const secure = await startRedis({
      async args() {
        tlsPort = await freePort()
        return ['--tls-port', String(tlsPort), ...redisArgs]
      },
    })
    const untrusted = await createServer({ redis: `valkeys://127.0.0.1:${tlsPort}`, tls: { key, cert } })
    expect(untrusted.url).toMatch(/^https:/)
    const options = { ca: cert, headers: { authorization: `Bearer ${untrusted.token}` } }
    const sent = httpsRequest(`${untrusted.url}/ping`, options)
    sent.end()
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    expect(await text(answer)).toContain('Redis is not reachable (DEPTH_ZERO_SELF_SIGNED_CERT)')
    await untrusted.close()

    const child = execFileSync(
      process.execPath,
      [
        ...['--import', 'tsx', '--input-type=module', '-e'],
        `import { createServer } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)}
         const server = await createServer({ redis: 'rediss://127.0.0.1:${tlsPort}' })
         const headers = { authorization: 'Bearer ' + server.token }
         console.log(await (await fetch(server.url + '/ping', { headers })).text())
         await server.close()`,
      ],
      { env: { ...process.env, NODE_EXTRA_CA_CERTS: certFile }, encoding: 'utf8' },
    )
    expect(child).toBe('{"result":"PONG"}\n')
    await secure.stop()
  })
})

describe('createServer() with bad options', () => {
  const refused: [Parameters<typeof createServer>[0], string][] = [
    [
      { redis: 'redis://x', data: 'd' },
      'Cannot create server: "data" is for the Redis that is started here, "redis" names another',
    ],
    [
      { cors: ['app.example'] },
      'Cannot create server: an origin must look like https://app.example, received "app.example"',
    ],
    [{ token: ['a', { token: 'a', readOnly: true }] }, 'Cannot create server: a token is given twice'],
    [
      { maxReplyBytes: 0 },
      'Cannot create server: "maxReplyBytes" must be an integer from 1 to 1099511627776, received 0',
    ],
    [
      { redis: 'redis://127.0.0.1:1', tls: { key: 'k', cert: 'c' } },
      'Cannot create server: key and certificate do not work (ERR_OSSL_PEM_NO_START_LINE)',
    ],
  ]
  it.each(refused)('createServer() refuses %j', async (options, message) => {
    await expect(createServer(options)).rejects.toThrow(message)
  })
})
