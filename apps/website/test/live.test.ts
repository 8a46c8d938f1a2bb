import { get } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callSite, joinByJson, limitsOf } from './call-site.ts'
import { followStream } from './follow-stream.ts'
import { type StartedSite, startSite } from './start-site.ts'

const soon = { timeout: 20_000, interval: 250 }

describe('GET /api/waitlist/live', () => {
  let site: StartedSite
  beforeAll(async () => {
    site = await startSite({ CLIENT_ADDRESS: 'proxies:1' })
  })
  afterAll(() => site?.stop())

  it('sends the figures through the proxy as they change, with the headers of its limit', async () => {
    const stream = await followStream(site.url, '192.0.2.1')
    expect([stream.status, stream.header('content-type'), stream.header('content-encoding')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      undefined,
    ])
    // No cache keeps it and no proxy gathers it.
    expect([stream.header('cache-control'), stream.header('x-accel-buffering')]).toEqual([
      'no-store, no-transform',
      'no',
    ])
    expect(stream.header('ratelimit-policy')).toBe('"general";q=30;w=60')
    await expect.poll(() => stream.figures().at(-1), soon).toMatchObject({ totalSignups: 0 })
    await joinByJson(site.url, '192.0.2.2', { email: 'live@x.org' })
    await expect.poll(() => stream.figures().at(-1), soon).toMatchObject({ totalSignups: 1 })
    expect((await callSite(site.url)).text).toContain('>person on the list<')
    stream.stop()
  })

  it('gives one address six streams, and a seventh when one has been left', async () => {
    const from = '192.0.2.3'
    const streams = await Promise.all([1, 2, 3, 4, 5, 6].map(() => followStream(site.url, from)))
    const refused = await callSite(`${site.url}/api/waitlist/live`, { headers: { 'x-forwarded-for': from } })
    expect([refused.status, refused.header('content-type'), refused.header('retry-after')]).toEqual([
      503,
      'application/problem+json',
      '60',
    ])
    expect(limitsOf(refused).length).toBe(6)
    streams[0]?.stop()
    await expect
      .poll(async () => {
        const again = await followStream(site.url, from)
        if (again.status !== 200) return again.status
        streams.push(again)
        return 200
      }, soon)
      .toBe(200)
    for (const stream of streams) stream.stop()
  })

  it('holds no place for HEAD', async () => {
    const from = '192.0.2.5'
    const ask = (method: string) =>
      callSite(`${site.url}/api/waitlist/live`, { method, headers: { 'x-forwarded-for': from } })
    for (let nth = 0; nth < 7; nth += 1) {
      const head = await ask('HEAD')
      expect([head.status, head.header('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
    }
    const stream = await followStream(site.url, from)
    expect(stream.status).toBe(200)
    stream.stop()
  })

  it('ends every stream when the site stops, and does not hold it up', async () => {
    const other = await startSite({ CLIENT_ADDRESS: 'proxies:1' })
    const stream = await followStream(other.url, '192.0.2.4')
    await expect.poll(() => stream.figures().length, soon).toBe(1)
    await other.stop()
    await expect.poll(() => stream.isOver(), soon).toBe(true)
    expect(stream.wasCut()).toBe(false)
    await expect(new Promise((resolve, reject) => get(other.url, resolve).on('error', reject))).rejects.toThrow()
  })
})
