import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { Redis } from '@upstash/redis'
import { describeWith, type StartedRedis, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { createServer, type RestServer } from '../src/index.ts'
import { command, endsUnusedConnections, request } from './request.ts'

const soon = { timeout: 10_000, interval: 10 }

interface Stream {
  readonly status: number
  readonly type: string | null
  readonly text: () => string
  readonly ended: Promise<void>
  abort(): void
}

async function open(server: RestServer, path: string, method = 'POST'): Promise<Stream> {
  const controller = new AbortController()
  const headers = { authorization: `Bearer ${server.token}`, accept: 'text/event-stream' }
  const init = { method, headers, signal: controller.signal, ...(method === 'POST' ? { body: '[]' } : {}) }
  const response = await fetch(`${server.url}${path}`, init)
  let text = ''
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true })
  }
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    text: () => text,
    ended: read().catch(() => undefined),
    abort: () => controller.abort(),
  }
}

async function connections(server: RestServer): Promise<number> {
  return JSON.parse(await command(server, 'CLIENT', 'LIST')).result.match(/name=millpond-rest/g).length
}

describeWith('redis', 'streams', () => {
  let redis: StartedRedis
  let server: RestServer

  beforeAll(async () => {
    redis = await startRedis()
    server = await createServer({ redis: redis.url })
  })
  afterAll(async () => {
    await server?.close()
    await redis?.stop()
  })

  it.each(['GET', 'POST'])('%s /subscribe sends one event a line and each message once', async (method) => {
    const stream = await open(server, '/subscribe/a/b%2Fc', method)
    expect([stream.status, stream.type]).toEqual([200, 'text/event-stream'])
    await vi.waitFor(() => expect(stream.text()).toBe('data: subscribe,a,1\n\ndata: subscribe,b/c,2\n\n'), soon)
    expect(await command(server, 'PUBLISH', 'b/c', 'hello')).toBe('{"result":1}')
    await request(server, '/publish/a', { body: '{"deep":\n[1]}' })
    await vi.waitFor(() => expect(stream.text().endsWith('data: message,a,{"deep": [1]}\n\n')).toBe(true), soon)
    expect(stream.text()).toContain('data: message,b/c,hello\n\n')
    stream.abort()
    await vi.waitFor(async () => expect(await connections(server)).toBe(1), soon)
  })

  it('/psubscribe sends pattern, channel and message', async () => {
    const stream = await open(server, '/psubscribe/news.*')
    await vi.waitFor(() => expect(stream.text()).toBe('data: psubscribe,news.*,1\n\n'), soon)
    await command(server, 'PUBLISH', 'news.eu', '{"a":1}')
    await vi.waitFor(() => expect(stream.text()).toContain('data: pmessage,news.*,news.eu,{"a":1}\n\n'), soon)
    stream.abort()
    await stream.ended
  })

  it('/monitor sends OK and then every command', async () => {
    const stream = await open(server, '/monitor')
    await vi.waitFor(() => expect(stream.text()).toBe('data: "OK"\n\n'), soon)
    await command(server, 'SET', 'k', 'v')
    await vi.waitFor(() => expect(stream.text()).toMatch(/data: \d+\.\d+ \[0 [\d.:]+\] "SET" "k" "v"\n\n/), soon)
    stream.abort()
    await stream.ended
  })

  it('the SDK receives what it publishes, of every JSON type, and unsubscribes', async () => {
    const client = new Redis({ url: server.url, token: server.token, enableTelemetry: false })
    const received: unknown[] = []
    const patterns: unknown[] = []
    const counts: unknown[] = []
    const exact = client.subscribe<unknown>('room')
    exact.on('subscribe', (count) => counts.push(count))
    exact.on('message', ({ channel, message }) => received.push([channel, message]))
    const pattern = client.psubscribe<unknown>('ro*')
    pattern.on('pmessage', (event) => patterns.push(event))
    await vi.waitFor(async () => expect(await client.exec(['PUBSUB', 'NUMPAT'])).toBe(1), soon)
    await vi.waitFor(() => expect(counts).toEqual([1]), soon)
    for (const message of ['text', 'two\nlines', { a: [1] }, 7]) await client.publish('room', message)
    const all = ['text', 'two\nlines', { a: [1] }, 7]
    await vi.waitFor(() => expect(received).toEqual(all.map((message) => ['room', message])), soon)
    expect(patterns).toContainEqual({ pattern: 'ro*', channel: 'room', message: { a: [1] } })
    await exact.unsubscribe()
    await pattern.unsubscribe()
    await vi.waitFor(async () => expect(await connections(server)).toBe(1), soon)
  })

  const refused: [string, string, number, string][] = [
    ['PUT', '/monitor', 405, '{"error":"ERR this method is not allowed: use GET or POST"}'],
    ['GET', '/subscribe', 400, `{"error":"ERR wrong number of arguments for 'subscribe' command"}`],
  ]
  it.each(refused)('%s %s is refused with %i', async (method, path, status, text) => {
    const answer = await request(server, path, { method, ...(method === 'PUT' ? { body: '[]' } : {}) })
    expect([answer.status, answer.text]).toEqual([status, text])
  })

  it('streams that are refused leave nothing on the connection that asked for them', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const warnings: string[] = []
    const warn = ({ name }: Error): unknown => warnings.push(name)
    process.on('warning', warn)
    onTestFinished(() => void process.off('warning', warn))
    for (let count = 0; count < 12; count += 1) {
      const headers = { authorization: `Bearer ${server.token}` }
      const [answer] = (await once(get(`${server.url}/subscribe`, { agent, headers }), 'response')) as [IncomingMessage]
      expect(await text(answer)).toContain('wrong number of arguments')
    }
    agent.destroy()
    expect(warnings).toEqual([])
  })

  it('a stream needs a token', async () => {
    expect((await request(server, '/subscribe/a', { token: null })).status).toBe(401)
  })

  it('a client that does not read is cut off, and its connection to Redis goes', async () => {
    const socket: Socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(`GET /subscribe/flood HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${server.token}\r\n\r\n`)
    await vi
      .waitFor(async () => expect(await command(server, 'PUBSUB', 'NUMSUB', 'flood')).toContain('",1]'), soon)
      .catch(() => undefined)
    socket.pause()
    const text = 'x'.repeat(1024 * 1024)
    await vi.waitFor(async () => {
      await request(server, '/publish/flood', { body: text })
      expect(await connections(server)).toBe(1)
    }, soon)
    socket.destroy()
  })

  it('at most 1,000 streams are open', async () => {
    const settled = { timeout: 50_000, interval: 100 }
    const head = `HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${server.token}\r\n\r\n`
    const sockets = Array.from({ length: 1_000 }, () => {
      const socket = connect(server.port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write(`GET /subscribe/many ${head}`)
      return socket
    })
    const count = async () => /^millpond_rest_streams \d+$/m.exec((await request(server, '/metrics')).text)?.[0]
    await vi.waitFor(async () => expect(await count()).toBe('millpond_rest_streams 1000'), settled)
    const { status, headers, text: body } = await request(server, '/subscribe/many')
    expect([status, headers.get('retry-after'), body]).toEqual([
      503,
      '10',
      '{"error":"ERR there are too many streams: at most 1000"}',
    ])
    for (const socket of sockets) socket.destroy()
    await vi.waitFor(async () => expect(await count()).toBe('millpond_rest_streams 0'), settled)
  })

  it('a stream ends when Redis goes, and is refused while it is away', async () => {
    const other = await startRedis()
    const second = await createServer({ redis: other.url })
    const stream = await open(second, '/subscribe/a')
    other.kill('SIGKILL')
    await stream.ended
    await vi.waitFor(async () => expect((await request(second, '/subscribe/a')).status).toBe(503), soon)
    const metrics = (await request(second, '/metrics')).text
    expect(metrics).toContain('millpond_rest_engine_up 0\n')
    expect(metrics).toContain('millpond_rest_engine_losses_total 1\n')
    expect(metrics).toContain('millpond_rest_streams 0\n')
    await second.close()
    await other.stop()
  })

  it('close() ends the streams at once, and opens no other', async () => {
    // Longer than any test may take.
    const second = await createServer({ redis: redis.url, drainMs: 3_600_000 })
    const accepted = connect(second.port, '127.0.0.1')
    await once(accepted, 'connect')
    const stream = await open(second, '/subscribe/a')
    const closed = second.close()
    accepted.write(`GET /subscribe/b HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${second.token}\r\n\r\n`)
    const answer = await text(accepted).catch(() => '')
    if (endsUnusedConnections) expect(answer).toBe('')
    else expect(answer).toContain('"ERR Redis is not reachable (the server is closing): the command did not run"')
    await closed
    await stream.ended
    expect(stream.text()).toBe('data: subscribe,a,1\n\n')
  })
})
