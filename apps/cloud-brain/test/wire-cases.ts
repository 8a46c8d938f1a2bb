import { once } from 'node:events'
import { connect } from 'node:net'
import { sql } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { listen } from '../src/listen.ts'
import type { Current } from './api-suite.ts'
import { createHarness, GENEROUS, type Harness, TODAY } from './harness.ts'

/** What the API makes of the bytes that it is sent, over a socket. */
export function describeWire(current: Current): void {
  /** Runs with an application that listens; `send` writes the pieces and gives what comes back until the socket closes. */
  async function withSocket(run: (parts: { harness: Harness; send: Send }) => Promise<void>): Promise<void> {
    const harness = createHarness({ ...current(), policies: GENEROUS, deadline: '10s' })
    const server = await listen({ host: '127.0.0.1', port: { value: 0, chosen: true } }, harness.app.fetch)
    const send: Send = async (pieces, hangUp = false) => {
      const socket = connect(server.port, '127.0.0.1').setEncoding('latin1')
      let text = ''
      socket.on('data', (data) => {
        text += data
      })
      await once(socket, 'connect')
      for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve))
      if (hangUp) socket.destroy()
      if (!socket.closed) await once(socket, 'close')
      return text
    }
    try {
      await run({ harness, send })
    } finally {
      await server.close()
    }
  }
  type Send = (pieces: readonly string[], hangUp?: boolean) => Promise<string>

  const head = (line: string, token: string, ...headers: string[]) =>
    [`${line} HTTP/1.1`, 'Host: pond', `Authorization: Bearer ${token}`, ...headers, '', ''].join('\r\n')
  const JSON_TYPE = 'Content-Type: application/json'
  const batch = JSON.stringify({ source: 'watch', sleep: [{ date: TODAY, hours: 7 }] })
  const size = (text: string) => Buffer.byteLength(text).toString(16)

  describe('on the wire', () => {
    it('keeps nothing of a body that breaks off, wherever it does: no row, no key, no item and no question counted', async () => {
      await withSocket(async ({ harness, send }) => {
        const user = await harness.createUser()
        const question = JSON.stringify({ message: 'steps?' })
        for (const [path, body] of [
          ['/api/v1/health/ingest', batch],
          ['/api/v1/chat', question],
        ] as const) {
          const to = (...headers: string[]) =>
            head(`POST ${path}`, user.token, JSON_TYPE, 'Idempotency-Key: k', ...headers)
          for (const length of [0, 1, 10, body.length - 1]) {
            await send([to(`Content-Length: ${body.length}`), body.slice(0, length)], true)
          }
          // All of the text, but not the last chunk.
          await send([to('Transfer-Encoding: chunked'), `${size(body)}\r\n${body}\r\n`], true)
        }
        await vi.waitFor(() => {
          expect(harness.log.filter((line) => line.includes('"status":400'))).toHaveLength(10)
        })
        for (const table of ['sleep', 'idempotency_keys', 'invalidation_outbox']) {
          const kept = await current().database.db.execute(sql`select 1 from ${sql.identifier(table)}`)
          expect([table, kept]).toMatchObject([table, { rows: [] }])
        }
        expect(await (await user.get('/chat/usage')).json()).toMatchObject({ used: 0 })
        const first = await user.ingest(JSON.parse(batch), { 'idempotency-key': 'k' })
        expect([first.status, first.headers.get('idempotency-replayed')]).toEqual([200, null])
        expect(first.headers.get('ratelimit')).toMatch(/^"items";r=99999;/)
      })
    })

    it('takes a chunked body, and no header from its trailer', async () => {
      await withSocket(async ({ harness, send }) => {
        const user = await harness.createUser()
        const request = [
          head('POST /api/v1/health/ingest', user.token, JSON_TYPE, 'Transfer-Encoding: chunked', 'Connection: close'),
          `${size(batch)};name=value\r\n${batch}\r\n0\r\nIdempotency-Key: k\r\n\r\n`,
        ]
        for (let sent = 0; sent < 2; sent += 1) {
          const answer = await send(request)
          expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
          expect(answer).not.toMatch(/^idempotency-replayed/im)
        }
      })
    })

    it('refuses a compressed body with what it takes instead', async () => {
      await withSocket(async ({ harness, send }) => {
        const user = await harness.createUser()
        const headers = [JSON_TYPE, 'Content-Encoding: gzip', `Content-Length: ${batch.length}`]
        const answer = await send([head('POST /api/v1/health/ingest', user.token, ...headers), batch])
        expect(answer).toMatch(/^HTTP\/1\.1 415 /)
        expect(answer).toMatch(/^accept-encoding: identity\r$/im)
        expect(answer).toContain('Send the body as it is, without Content-Encoding')
      })
    })

    it('answers a health check of HTTP/1.0, which needs no Host', async () => {
      await withSocket(async ({ send }) => {
        const answer = await send(['GET /healthz HTTP/1.0\r\n\r\n'])
        expect([answer.split('\r\n')[0], answer.split('\r\n\r\n')[1]]).toEqual(['HTTP/1.1 200 OK', '{"status":"ok"}'])
      })
    })
  })

  describe('methods', () => {
    it('HEAD is GET without its body, and OPTIONS that is no preflight is refused, on every route', async () => {
      const harness = createHarness({ ...current(), policies: GENEROUS, deadline: '10s' })
      const { token } = await harness.createUser()
      const ask = (method: string, path: string) =>
        harness.request(path, { method, headers: { authorization: `Bearer ${token}` } })
      const routes = harness.app.routes.filter(({ method, path }) => method !== 'ALL' && !path.includes('*'))
      expect(routes.length).toBeGreaterThan(25)
      for (const { method, path: pattern } of routes) {
        const path = pattern.replace(':metric', 'steps')
        const options = await ask('OPTIONS', path)
        expect([path, options.status, options.headers.get('allow')]).toEqual([
          path,
          405,
          expect.stringContaining(method),
        ])
        if (method !== 'GET') continue
        const [get, without] = [await ask('GET', path), await ask('HEAD', path)]
        expect([path, without.status, await without.text()]).toEqual([path, get.status, ''])
        for (const name of ['content-type', 'etag', 'cache-control']) {
          expect([path, name, without.headers.get(name)]).toEqual([path, name, get.headers.get(name)])
        }
      }
    })
  })
}
