import { createServer } from 'node:http'
import { sql } from 'drizzle-orm'
import { memory } from 'millpond/memory'
import { describeWith } from 'millpond-e2e/servers'
import { expect, it, vi } from 'vitest'
import type { RouteContext } from '../src/api/api-route.ts'
import { supportContributions } from '../src/db/schema.ts'
import { createSiteCache } from '../src/lib/cache.ts'
import type { Runtime } from '../src/lib/runtime.ts'
import { answerEmpty } from '../src/support/answer-empty.ts'
import { syncSupport } from '../src/support/sync-support.ts'
import { useSupport } from './support-fixture.ts'

describeWith('postgres', 'syncSupport()', () => {
  const support = useSupport()
  const { sync, stats, addGift } = support

  it('reads every page once when four instances begin together', async () => {
    const outcomes = await Promise.all([sync(), sync(), sync(), sync()])
    expect(outcomes.sort()).toEqual(['not-due', 'not-due', 'not-due', 'synced'])
    expect(support.fake.requests()).toBe(5)
    expect(await stats()).toMatchObject({
      totalFundsRaised: [
        { currency: 'USD', amountMinor: 30_500 },
        { currency: 'EUR', amountMinor: 5_500 },
      ],
      totalSupporters: 16,
      syncedAt: '2026-11-01T12:00:00.000Z',
    })
  })

  it('is left to the process that began for a minute, and then begun by another', async () => {
    let end = () => {}
    const hang = () =>
      new Promise<Response>((_, reject) => {
        end = () => reject(new TypeError('killed'))
      })
    const asked = vi.spyOn(globalThis, 'fetch').mockImplementationOnce(hang)
    const dead = sync()
    await expect.poll(() => asked.mock.calls.length).toBe(1)
    support.clock += 59_999
    expect(await sync()).toBe('not-due')
    support.clock += 1
    expect(await sync()).toBe('synced')
    end()
    expect(await dead).toBe('failed')
  })

  it('keeps the last good numbers and their time when it fails, and tries again after 30 s', async () => {
    await sync()
    const before = await stats()
    support.clock += 240_000
    support.fake.failWith({ status: 500, body: '{}' })
    expect(await sync()).toBe('failed')
    for (const body of ['<html>', '{"data":[{}],"last_page":1,"next_page_url":null}', '[]']) {
      support.clock += 30_000
      support.fake.failWith({ status: 200, body })
      expect(await sync()).toBe('failed')
    }
    support.clock += 30_000
    expect(await sync({ token: 'wrong' })).toBe('failed')
    expect(await stats()).toEqual(before)
    support.clock += 29_000
    expect(await sync()).toBe('not-due')
    support.fake.failWith(undefined)
    support.clock += 1_000
    expect(await sync()).toBe('synced')
  })

  it('says why it fails, and nothing of what it was about to store', async () => {
    support.fake.failWith({ status: 500, body: '{}' })
    expect(await sync()).toBe('failed')
    support.fake.failWith(undefined)
    support.clock += 30_000
    const rename = (from: string, to: string) =>
      support.database.db.execute(sql.raw(`alter table ${from} rename to ${to}`))
    await rename('support_contributions', 'elsewhere')
    expect(await sync()).toBe('failed')
    await rename('elsewhere', 'support_contributions')
    expect(vi.mocked(console.error).mock.calls).toEqual([
      ['Cannot read the supporters: HTTP 500'],
      ['Cannot read the supporters'],
    ])
  })

  it('reads no more than 200 pages, and then keeps what it had', async () => {
    expect(await sync()).toBe('synced')
    const [before, asked] = [await stats(), support.fake.requests()]
    const [one] = support.fake.supporters
    if (one === undefined) throw new TypeError('Cannot test: nobody supports')
    for (let nth = 0; nth < 1_000; nth += 1) support.fake.supporters.push({ ...one, support_id: 10_000 + nth })
    support.clock += 240_000
    expect(await sync()).toBe('failed')
    expect(support.fake.requests() - asked).toBe(200)
    expect(await stats()).toEqual(before)
  })

  it('takes an empty list for empty, whatever was given by hand', async () => {
    support.fake.supporters.length = 0
    expect(await sync()).toBe('synced')
    expect((await stats()).totalSupporters).toBe(0)
    await addGift()
    support.clock += 240_000
    expect([await sync(), (await stats()).totalSupporters]).toEqual(['synced', 1])
  })

  it('forgets nobody when the list is said to be empty or changed while it was read', async () => {
    await sync()
    const before = await stats()
    support.clock += 240_000
    support.fake.failWith({ status: 200, body: '{"error":"Try again later"}' })
    expect(await sync()).toBe('failed')
    expect(await stats()).toEqual(before)
    support.clock += 30_000
    const page = { data: support.fake.supporters.slice(5), last_page: 1, next_page_url: null, total: 23 }
    support.fake.failWith({ status: 200, body: JSON.stringify(page) })
    expect(await sync()).toBe('synced')
    expect(await stats()).toEqual({ ...before, syncedAt: new Date(support.clock).toISOString() })
    support.clock += 240_000
    support.fake.failWith({ status: 200, body: JSON.stringify({ ...page, data: [], total: 0 }) })
    expect(await sync()).toBe('synced')
    expect((await stats()).totalSupporters).toBe(0)
  })

  it('answerEmpty() has a list that is said to be empty believed, shows that at once, and forgets nobody for any other answer', async () => {
    const adminToken = 'a'.repeat(40)
    const siteCache = createSiteCache({
      store: memory(),
      keySecret: 's'.repeat(32),
      db: support.database.db,
      syncSupport: () => sync(),
    })
    const runtime = {
      config: { adminToken },
      database: support.database,
      siteCache,
      syncSupport: sync,
    } as unknown as Runtime
    const empty = async ({ token = adminToken, at = runtime } = {}) => {
      const request = new Request('http://x.test', { method: 'POST', headers: { authorization: `Bearer ${token}` } })
      const context: Partial<RouteContext> = { request, runtime: at }
      return (await answerEmpty(context as RouteContext)).status
    }
    const shown = async () => (await siteCache.support.get()).value.totalSupporters
    expect(await shown()).toBe(16)
    support.fake.supporters.splice(1)
    support.clock += 239_000
    expect([await empty(), await shown()]).toEqual([409, 16])
    support.clock += 1_000
    expect([await empty(), await shown()]).toEqual([200, 1])
    const part = { data: [], last_page: 1, next_page_url: null, total: 23 }
    for (const [status, body] of [
      [200, JSON.stringify(part)],
      [200, '{"data":null}'],
      [503, '{"error":"No supporters"}'],
    ] as const) {
      support.clock += 240_000
      support.fake.failWith({ status, body })
      expect([body, await empty(), await shown()]).toEqual([body, 502, 1])
    }
    support.clock += 240_000
    support.fake.failWith(undefined)
    support.fake.supporters.length = 0
    expect([await empty({ token: 'b' }), await sync(), await shown()]).toEqual([401, 'failed', 1])
    support.clock += 30_000
    expect([await empty(), await shown()]).toEqual([200, 0])
    const alone = { ...runtime, syncSupport: async () => undefined }
    expect(await empty({ at: alone })).toBe(404)
    siteCache.close()
  })

  it('misses nobody for long whom a deletion moved to a page that was read already', async () => {
    await sync()
    const stored = async () => (await support.database.db.select().from(supportContributions)).length
    const request = fetch
    const readBefore = support.fake.requests()
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (...asked) => {
      const answer = await request(...asked)
      if (support.fake.requests() === readBefore + 1) support.fake.supporters.splice(0, 1)
      return answer
    })
    support.clock += 240_000
    expect([await sync(), await stored()]).toEqual(['synced', 23])
    support.clock += 240_000
    expect([await sync(), await stored()]).toEqual(['synced', 22])
  })

  it('takes pages that repeat, skip or end before the last for no list, and follows no address out of the answer', async () => {
    await sync()
    const before = await stats()
    for (const next of [
      '"http://127.0.0.1:1/x?page=1"',
      '"http://127.0.0.1:1/x?page=3"',
      '"http://127.0.0.1:1/x"',
      'null',
    ]) {
      support.clock += 240_000
      support.fake.failWith({ status: 200, body: `{"data":[],"last_page":9,"next_page_url":${next}}` })
      const asked = support.fake.requests()
      expect([next, await sync(), support.fake.requests() - asked]).toEqual([next, 'failed', 1])
    }
    expect(await stats()).toEqual(before)
    support.clock += 30_000
    const last = '{"data":[],"last_page":1,"next_page_url":null,"links":[{"url":null}],"meta":{}}'
    support.fake.failWith({ status: 200, body: last })
    expect(await sync()).toBe('synced')
  })

  it('takes its token to no other address, whatever the answer says', async () => {
    const server = createServer((_, response) =>
      response.writeHead(302, { location: `${support.fake.url}/api/v1/supporters?page=1` }).end(),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
    expect([await sync({ url }), support.fake.requests()]).toEqual(['failed', 0])
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('gives up before its claim ends, so that no older list is stored over a newer one', async () => {
    const source = { url: support.fake.url, token: support.fake.token, keySecret: 's'.repeat(32) }
    const asked = support.fake.requests()
    // Each look at the support.clock costs ten seconds.
    const now = () => {
      support.clock += 10_000
      return new Date(support.clock)
    }
    expect(await syncSupport(support.database.db, { source, now })).toBe('failed')
    expect(support.fake.requests() - asked).toBeLessThan(5)
    expect((await stats()).syncedAt).toBe(null)
  })
})
