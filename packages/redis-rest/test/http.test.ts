import { connect } from 'node:net'
import { describeWith, type StartedRedis, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createServer, type RestServer } from '../src/index.ts'
import { command, request } from './request.ts'

const base64 = { 'upstash-encoding': 'base64' }

describeWith('redis', 'the HTTP side', () => {
  let redis: StartedRedis
  let server: RestServer

  beforeAll(async () => {
    redis = await startRedis()
    server = await createServer({ redis: redis.url, token: ['secret', 'second'] })
  })
  afterAll(async () => {
    await server?.close()
    await redis?.stop()
  })
  beforeEach(async () => {
    await command(server, 'FLUSHALL')
    await command(server, 'SCRIPT', 'FLUSH')
  })

  it('a path command keeps a binary body byte for byte', async () => {
    const body = Uint8Array.from({ length: 256 }, (_, index) => index)
    await request(server, '/set/k', { body })
    const { text } = await request(server, '/get/k', { headers: base64 })
    expect(text).toBe(`{"result":"${Buffer.from(body).toString('base64')}"}`)
  })

  it('an error in format resp2 is what Redis sent, byte for byte', async () => {
    const headers = { authorization: 'Bearer secret', 'upstash-response-format': 'resp2' }
    const script = Buffer.from("return redis.error_reply('MINE \\255')")
    const response = await fetch(`${server.url}/eval?0`, { method: 'POST', headers, body: script })
    const bytes = Buffer.from(await response.arrayBuffer())
    expect([response.status, bytes.subarray(0, 7).toString('latin1')]).toEqual([400, '-MINE \xff'])
  })

  it('HEAD runs the command and answers with its head only', async () => {
    const answer = await request(server, '/incr/n', { method: 'HEAD' })
    expect([answer.status, answer.text, answer.headers.get('content-length')]).toEqual([200, '', '12'])
    expect(await command(server, 'GET', 'n')).toBe('{"result":"1"}')
    expect((await request(server, '/nope', { method: 'HEAD' })).status).toBe(400)
  })

  it('upstash-sync-token changes with every reply', async () => {
    const answers = [await request(server, '/ping'), await request(server, '/ping'), await request(server, '/nope')]
    const tokens = answers.map((answer) => answer.headers.get('upstash-sync-token'))
    expect(new Set(tokens).size).toBe(3)
    expect(tokens).not.toContain(null)
  })

  it('a 405 names the methods that are allowed', async () => {
    expect((await request(server, '/get/k', { method: 'PATCH' })).headers.get('allow')).toBe('GET, HEAD, POST, PUT')
    expect((await request(server, '/multi-exec')).headers.get('allow')).toBe('POST, PUT')
  })

  it('a body of exactly 10 MiB is stored, one byte more is 413', async () => {
    const limit = 10 * 1024 * 1024
    expect((await request(server, '/set/k', { body: new Uint8Array(limit) })).text).toBe('{"result":"OK"}')
    expect(await command(server, 'STRLEN', 'k')).toBe(`{"result":${limit}}`)
    const large = await request(server, '/set/k', { body: new Uint8Array(limit + 1) })
    expect([large.status, large.text]).toEqual([
      413,
      '{"error":"ERR max request size exceeded. Limit: 10485760 bytes"}',
    ])
  })

  it('a body without a length is cut at 10 MiB and the next request on the server works', async () => {
    const chunk = new Uint8Array(1024 * 1024)
    let sent = 0
    const body = new ReadableStream({
      pull: (controller) => {
        sent += 1
        if (sent > 12) controller.close()
        else controller.enqueue(chunk)
      },
    })
    const init = { method: 'POST', body, duplex: 'half' as const, headers: { authorization: 'Bearer secret' } }
    expect((await fetch(`${server.url}/set/k`, init)).status).toBe(413)
    expect(await command(server, 'PING')).toBe('{"result":"PONG"}')
  })

  it('something that is not HTTP gets a 400 and the connection is closed', async () => {
    const answer = await new Promise<string>((resolve) => {
      let text = ''
      const socket = connect(server.port, '127.0.0.1', () => socket.write('GARBAGE\r\n\r\n'))
      socket.on('data', (chunk) => {
        text += chunk.toString()
      })
      socket.on('close', () => resolve(text))
    })
    expect(answer.split('\r\n')[0]).toBe('HTTP/1.1 400 Bad Request')
    expect(answer.endsWith('{"error":"ERR this is not an HTTP request"}')).toBe(true)
  })

  it('100,000 arguments in one command arrive', async () => {
    const members = Array.from({ length: 100_000 }, (_, index) => index)
    expect(await command(server, 'SADD', 's', ...members)).toBe('{"result":100000}')
  })

  it('a transaction stays in one piece while other requests run', async () => {
    const body = JSON.stringify(Array.from({ length: 20 }, () => ['INCR', 'n']))
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => [request(server, '/multi-exec', { body }), request(server, '/incr/n')]).flat(),
    )
    for (const { text } of answers.filter((_, index) => index % 2 === 0)) {
      const results = (JSON.parse(text) as { result: number }[]).map(({ result }) => result)
      const [first = 0] = results
      expect(results).toEqual(Array.from({ length: 20 }, (_, index) => first + index))
    }
    expect(await command(server, 'GET', 'n')).toBe('{"result":"1050"}')
  })
})
