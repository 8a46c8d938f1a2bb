import { connect, type Socket } from 'node:net'
import { describeWith, type StartedRedis, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createServer, type RestServer } from '../src/index.ts'
import { command, request } from './request.ts'

const soon = { timeout: 20_000, interval: 20 }
/** Larger than what the kernel takes for a client that does not read. */
const large = 9_000_000
const max = 20_000_000
/** With `$9000000` and line breaks. */
const frame = large + 12
const dropped = `ERR a reply of ${frame} bytes was dropped, at most ${max} bytes of replies may wait to be written out and`

describeWith('redis', 'replies that wait to be written out', () => {
  let redis: StartedRedis
  let server: RestServer

  beforeAll(async () => {
    redis = await startRedis()
    server = await createServer({
      redis: redis.url,
      token: ['secret', { token: 'confined', prefix: 'k' }],
      maxReplyBytes: max,
      commandTimeoutMs: 60_000,
    })
    await request(server, '/set/k', { body: new Uint8Array(large).fill(97) })
  })
  afterAll(async () => {
    await server?.close()
    await redis?.stop()
  })

  const readHeld = async (): Promise<number> => {
    const { text } = await request(server, '/metrics')
    return Number(/^millpond_rest_reply_bytes (\d+)$/m.exec(text)?.[1])
  }
  const untilHeld = (bytes: number): Promise<void> => vi.waitFor(async () => expect(await readHeld()).toBe(bytes), soon)
  const askWithoutReading = (): Socket => {
    const socket = connect(server.port, '127.0.0.1')
    socket.pause()
    socket.write('GET /get/k HTTP/1.1\r\nhost: x\r\nauthorization: Bearer secret\r\n\r\n')
    return socket
  }

  it('a reply beyond maxReplyBytes is 503, small ones pass, and what was read or given up makes room', async () => {
    const idle = [askWithoutReading(), askWithoutReading()]
    await untilHeld(2 * frame)
    const refused = await request(server, '/get/k')
    expect([refused.status, refused.headers.get('retry-after'), refused.text]).toEqual([
      503,
      '1',
      JSON.stringify({ error: `${dropped} ${2 * frame} do: the command ran` }),
    ])
    expect(await command(server, 'ECHO', 'small')).toBe('{"result":"small"}')
    idle[0]?.resume()
    await untilHeld(frame)
    idle[1]?.destroy()
    await untilHeld(0)
    expect((await request(server, '/get/k')).text.length).toBe(large + 13)
    idle[0]?.destroy()
    await untilHeld(0)
  })

  const get = ['GET', 'k']
  const evaluate = ['EVAL', "return redis.call('GET', KEYS[1])", 1, '']
  it.each([
    ['a pipeline', 'secret', get, get],
    ['a pipeline that is sent in parts', 'confined', evaluate, ['SORT', 'none']],
  ] as const)('%s keeps what fits and has an error for the rest', async (_, token, large, between) => {
    const rows = [large, large, large].flatMap((row) => (between === large ? [row] : [row, between]))
    const { status, text } = await request(server, '/pipeline', { token, body: JSON.stringify(rows) })
    const slots = JSON.parse(text) as { result?: string | unknown[]; error?: string }[]
    const kept = slots.filter(({ result }) => typeof result === 'string').length
    const errors = slots.flatMap(({ error }) => error ?? [])
    expect([status, kept, errors.length]).toEqual([200, 2, 1])
    expect(errors[0]).toContain(dropped)
    await untilHeld(0)
  })

  it('a transaction whose replies do not fit is 503, and says that it ran', async () => {
    const body = JSON.stringify([get, ['SET', 'ran', 1], get, get])
    const { status, text } = await request(server, '/multi-exec', { body })
    expect([status, text]).toEqual([
      503,
      expect.stringMatching(/^\{"error":"ERR a reply of 27000.* do: the command ran"\}$/),
    ])
    expect(await command(server, 'GET', 'ran')).toBe('{"result":"1"}')
    await untilHeld(0)
  })
})
