import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callSite } from './call-site.ts'
import { type StartedSite, startSite } from './start-site.ts'

describe('the demonstration', () => {
  let answer: { status: number; headers: Record<string, string>; body: string }
  let api: Server
  let site: StartedSite
  beforeAll(async () => {
    api = createServer((request, response) => {
      request.resume()
      response.writeHead(answer.status, answer.headers).end(answer.body)
    })
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
    const address = api.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    site = await startSite({ API_URL: `http://127.0.0.1:${port}` })
  })
  afterAll(async () => {
    await site?.stop()
    api?.closeAllConnections()
    await new Promise((resolve) => api.close(resolve))
  })

  const read = async () => {
    const page = await callSite(`${site.url}/demo`)
    const [, text] = /role="status"[^>]*>(.*?)<\/p>/.exec(page.text.replaceAll('<!-- -->', '')) ?? []
    return [page.status, text, page.text.includes('action="/api/demo/ingest"')]
  }

  it('says how long to wait when the API refuses it', async () => {
    answer = { status: 429, headers: { 'retry-after': '7' }, body: '' }
    expect(await read()).toEqual([200, 'The demonstration was opened too often. It can be read again in 7 s.', false])
  })

  it('says that the API does not answer, whatever it answers instead', async () => {
    const words = 'The API behind this demonstration does not answer right now. The rest of the site works without it.'
    for (const [status, body] of [
      [500, ''],
      [200, '<html>'],
      [200, '{"token":7}'],
    ] as const) {
      answer = { status, headers: {}, body }
      expect(await read()).toEqual([200, words, false])
    }
  })
})
