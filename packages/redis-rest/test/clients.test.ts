import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import fc from 'fast-check'
import { describeWith, type StartedRedis, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createServer, type RestServer } from '../src/index.ts'
import { command, request } from './request.ts'

const soon = { timeout: 20_000, interval: 20 }

describeWith('redis', 'clients of every kind', () => {
  let redis: StartedRedis
  let server: RestServer

  beforeAll(async () => {
    redis = await startRedis()
    // 250 MB have to be passed on in one test, by a machine that may be busy.
    server = await createServer({ redis: redis.url, token: 'secret', commandTimeoutMs: 60_000 })
  })
  afterAll(async () => {
    await server?.close()
    await redis?.stop()
  })

  const open = async (): Promise<Socket> => {
    const socket = connect(server.port, '127.0.0.1')
    await once(socket, 'connect')
    return socket
  }
  const receive = (socket: Socket): (() => string) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString()
    })
    return () => text
  }
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer secret\r\n\r\n`
  const post = (path: string, body: string): string =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer secret\r\ncontent-length: ${body.length}\r\n\r\n${body}`

  it('a slow client that sends byte by byte is answered', async () => {
    const socket = await open()
    const text = receive(socket)
    for (const byte of Buffer.from(post('/', '["ECHO","slow"]'))) {
      socket.write(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await vi.waitFor(() => expect(text()).toContain('{"result":"slow"}'), soon)
    socket.destroy()
  })

  it('a half-closed client that has sent its request is answered', async () => {
    const socket = await open()
    const text = receive(socket)
    socket.end(post('/', '["ECHO","half"]'))
    await once(socket, 'close')
    expect(text()).toContain('{"result":"half"}')
  })

  it('a client that goes in the middle of its body leaves nothing behind', async () => {
    const socket = await open()
    socket.write(post('/set/gone', 'x').replace('content-length: 1', 'content-length: 100'))
    socket.destroy()
    await command(server, 'PING')
    expect(await command(server, 'EXISTS', 'gone')).toBe('{"result":0}')
  })

  it('a request line over 256 KiB is 431 and closes the connection', async () => {
    const socket = await open()
    const text = receive(socket)
    socket.write(get(`/get/${'k'.repeat(300_000)}`))
    await once(socket, 'close')
    expect(text().split('\r\n')[0]).toBe('HTTP/1.1 431 Request Header Fields Too Large')
  })

  it('1,000 requests in one write are answered in their order', async () => {
    const socket = await open()
    const text = receive(socket)
    socket.write(Array.from({ length: 1_000 }, (_, index) => get(`/echo/n${index}`)).join(''))
    await vi.waitFor(() => expect(text()).toContain('"n999"'), soon)
    const answers = [...text().matchAll(/\{"result":"n(\d+)"\}/g)].map(([, index]) => Number(index))
    expect(answers).toEqual(Array.from({ length: 1_000 }, (_, index) => index))
    socket.destroy()
  })

  it('a client that asks for much and reads nothing does not keep others waiting', async () => {
    await request(server, '/set/large', { body: new Uint8Array(5_000_000).fill(97) })
    const idle = await open()
    idle.pause()
    idle.write(get('/get/large').repeat(50))
    for (let index = 0; index < 20; index += 1)
      expect(await command(server, 'ECHO', index)).toBe(`{"result":"${index}"}`)
    idle.destroy()
  })

  it('500 clients at once each get their own answers', async () => {
    const bodies = Array.from({ length: 500 }, (_, index) => JSON.stringify(['ECHO', `me${index}`]))
    for (let round = 0; round < 4; round += 1) {
      const answers = await Promise.all(bodies.map((body) => request(server, '/', { body })))
      expect(answers.map(({ text }) => text)).toEqual(bodies.map((_, index) => `{"result":"me${index}"}`))
    }
  })

  const word = fc.oneof(
    fc.constantFrom(
      'SET',
      'GET',
      'k',
      'EVAL',
      'XREAD',
      'BLOCK',
      'STREAMS',
      'SCAN',
      'WITHTYPE',
      'COPY',
      'MULTI',
      'EXEC',
    ),
    fc.constantFrom(
      'SUBSCRIBE',
      'MONITOR',
      'CLIENT',
      'REPLY',
      'OFF',
      'HELLO',
      '3',
      'CONFIG',
      'FUNCTION',
      'LOAD',
      '0',
      '-1',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.double(),
    fc.maxSafeInteger(),
    fc.boolean(),
  )
  const anything = fc.oneof(
    { weight: 4, arbitrary: fc.array(word, { maxLength: 6 }).map((row) => JSON.stringify(row)) },
    {
      weight: 4,
      arbitrary: fc.array(fc.array(word, { maxLength: 5 }), { maxLength: 4 }).map((rows) => JSON.stringify(rows)),
    },
    { weight: 2, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  )
  const harmless = (body: string): boolean => !/shutdown|debug|sleep|while|loop/i.test(body)

  it('whatever the body is, the answer is JSON with a known status, and nobody else notices', async () => {
    let round = 0
    const property = fc.asyncProperty(
      anything.filter(harmless),
      fc.constantFrom('/', '/pipeline', '/multi-exec', '/set/k'),
      fc.constantFrom('text', 'base64', 'resp2'),
      async (body, path, encoding) => {
        round += 1
        const headers: Record<string, string> =
          encoding === 'resp2' ? { 'upstash-response-format': 'resp2' } : { 'upstash-encoding': encoding }
        const [answer, bystander] = await Promise.all([
          request(server, path, { method: 'POST', body, headers }),
          command(server, 'ECHO', `round${round}`),
        ])
        expect([200, 400]).toContain(answer.status)
        if (answer.headers.get('content-type') === 'application/json') JSON.parse(answer.text)
        expect(bystander).toBe(`{"result":"round${round}"}`)
      },
    )
    await fc.assert(property, { numRuns: 600 })
  })

  it('whatever the path is, the answer is JSON with a known status', async () => {
    const segment = fc.oneof(
      fc.constantFrom('get', 'set', 'k', '%', '%4', '%zz', '%00', '..', '', 'pipeline', 'subscribe/a%', '?_token=x'),
      fc.string({ maxLength: 12 }).map(encodeURIComponent),
    )
    const path = fc.array(segment, { maxLength: 5 }).map((parts) => `/${parts.join('/')}`)
    const property = fc.asyncProperty(
      path.filter(harmless),
      fc.constantFrom('GET', 'PUT', 'HEAD'),
      async (target, method) => {
        const socket = await open()
        const text = receive(socket)
        const body = method === 'PUT' ? 'content-length: 1\r\n' : ''
        socket.write(
          `${method} ${target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer secret\r\nconnection: close\r\n${body}\r\n${body && 'b'}`,
        )
        await once(socket, 'close')
        expect(text()).toMatch(/^HTTP\/1\.1 (200|400|404|405) /)
        const content = text().slice(text().indexOf('\r\n\r\n') + 4)
        if (method !== 'HEAD') JSON.parse(content)
      },
    )
    await fc.assert(property, { numRuns: 400 })
    expect(await command(server, 'PING')).toBe('{"result":"PONG"}')
  })
})
