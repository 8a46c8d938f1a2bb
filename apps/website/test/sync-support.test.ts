import { createServer } from 'node:http'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { memory } from 'millpond/memory'
import { describeWith, startPostgres } from 'millpond-e2e/servers'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import type { RouteContext } from '../src/api/api-route.ts'
import { type OpenDatabase, openDatabase } from '../src/db/database.ts'
import { supportContributions, supportSync } from '../src/db/schema.ts'
import { createSiteCache } from '../src/lib/cache.ts'
import type { Runtime } from '../src/lib/runtime.ts'
import { answerEmpty } from '../src/support/answer-empty.ts'
import { type FakeSupporters, startFakeSupporters } from '../src/support/fake-supporters.ts'
import { readSupportStats } from '../src/support/support-stats.ts'
import { syncSupport } from '../src/support/sync-support.ts'

const appDir = join(import.meta.dirname, '..')
const start = Date.parse('2026-11-01T12:00:00Z')

describeWith('postgres', 'syncSupport()', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>
  let database: OpenDatabase
  let fake: FakeSupporters
  let clock: number

  beforeAll(async () => {
    postgres = await startPostgres()
    const url = await postgres.createDatabase()
    database = await openDatabase({ database: { kind: 'postgres', url }, dataDir: '', appDir })
  })
  afterAll(async () => {
    await database?.close()
    await postgres?.stop()
  })
  beforeEach(async () => {
    fake = await startFakeSupporters()
    clock = start
    await database.db.delete(supportContributions)
    await database.db.update(supportSync).set({ nextAt: new Date(0), syncedAt: null })
    vi.spyOn(console, 'error').mockImplementation(() => {})
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await fake.close()
  })

  const sync = ({ isEmptyBelieved, ...change }: { url?: string; token?: string; isEmptyBelieved?: boolean } = {}) =>
    syncSupport(database.db, {
      source: { url: fake.url, token: fake.token, keySecret: 's'.repeat(32), ...change },
      now: () => new Date(clock),
      ...(isEmptyBelieved !== undefined && { isEmptyBelieved }),
    })
  const stats = () => readSupportStats(database.db)
  /** Notes a gift by hand, under an id that one of the supporters has, too. */
  const addGift = async () => {
    const given = { amountMinor: 700, currency: 'EUR', status: 'paid', supportedAt: new Date(start) } as const
    const row = { ...given, source: 'manual', sourceId: '6987', supporterKey: 'k' } as const
    await database.db.insert(supportContributions).values(row)
  }

  it('reads every page once when four instances begin together', async () => {
    const outcomes = await Promise.all([sync(), sync(), sync(), sync()])
    expect(outcomes.sort()).toEqual(['not-due', 'not-due', 'not-due', 'synced'])
    expect(fake.requests()).toBe(5)
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
    clock += 59_999
    expect(await sync()).toBe('not-due')
    clock += 1
    expect(await sync()).toBe('synced')
    end()
    expect(await dead).toBe('failed')
  })

  it('brings edits and refunds into the totals, and names only who allows it', async () => {
    const [first] = fake.supporters.splice(1)
    expect(await sync()).toBe('synced')
    expect(await stats()).toMatchObject({
      totalSupporters: 1,
      leaderboard: [{ display_name: 'Ines', amountMinor: 500 }],
    })
    expect(first).toBeDefined()
    const [only] = fake.supporters
    Object.assign(only ?? {}, { support_coffees: 4, support_visibility: 0 })
    clock += 240_000
    expect(await sync()).toBe('synced')
    expect(await stats()).toMatchObject({ leaderboard: [{ display_name: 'Somebody', amountMinor: 2_000 }] })
    Object.assign(only ?? {}, { is_refunded: 1 })
    clock += 240_000
    await sync()
    expect(await stats()).toEqual({
      totalFundsRaised: [],
      totalSupporters: 0,
      leaderboard: [],
      syncedAt: '2026-11-01T12:08:00.000Z',
    })
  })

  it('stores a name without what is hidden in it, and whole characters of it', async () => {
    fake.supporters.splice(1)
    const [only] = fake.supporters
    const name = async (given: string) => {
      Object.assign(only ?? {}, { support_visibility: 1, supporter_name: given })
      clock += 240_000
      expect(await sync()).toBe('synced')
      return (await stats()).leaderboard[0]?.display_name
    }
    expect(await name('A\u0000n\u202En\uD800')).toBe('Ann')
    expect(await name(`${'x'.repeat(59)}😀😀`)).toBe(`${'x'.repeat(59)}😀`)
    expect(await name('\u0000')).toBe('Somebody')
  })

  it('keeps the last good numbers and their time when it fails, and tries again after 30 s', async () => {
    await sync()
    const before = await stats()
    clock += 240_000
    fake.failWith({ status: 500, body: '{}' })
    expect(await sync()).toBe('failed')
    for (const body of ['<html>', '{"data":[{}],"last_page":1,"next_page_url":null}', '[]']) {
      clock += 30_000
      fake.failWith({ status: 200, body })
      expect(await sync()).toBe('failed')
    }
    clock += 30_000
    expect(await sync({ token: 'wrong' })).toBe('failed')
    expect(await stats()).toEqual(before)
    clock += 29_000
    expect(await sync()).toBe('not-due')
    fake.failWith(undefined)
    clock += 1_000
    expect(await sync()).toBe('synced')
  })

  it('says why it fails, and nothing of what it was about to store', async () => {
    fake.failWith({ status: 500, body: '{}' })
    expect(await sync()).toBe('failed')
    fake.failWith(undefined)
    clock += 30_000
    const rename = (from: string, to: string) => database.db.execute(sql.raw(`alter table ${from} rename to ${to}`))
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
    const [before, asked] = [await stats(), fake.requests()]
    const [one] = fake.supporters
    if (one === undefined) throw new TypeError('Cannot test: nobody supports')
    for (let nth = 0; nth < 1_000; nth += 1) fake.supporters.push({ ...one, support_id: 10_000 + nth })
    clock += 240_000
    expect(await sync()).toBe('failed')
    expect(fake.requests() - asked).toBe(200)
    expect(await stats()).toEqual(before)
  })

  it('takes an empty list for empty, whatever was given by hand', async () => {
    fake.supporters.length = 0
    expect(await sync()).toBe('synced')
    expect((await stats()).totalSupporters).toBe(0)
    await addGift()
    clock += 240_000
    expect([await sync(), (await stats()).totalSupporters]).toEqual(['synced', 1])
  })

  it('forgets who is no longer in the list, and nobody who is there by hand', async () => {
    fake.supporters.splice(3)
    await addGift()
    expect(await sync()).toBe('synced')
    expect((await stats()).totalSupporters).toBe(4)
    fake.supporters.splice(1, 1)
    clock += 240_000
    expect(await sync()).toBe('synced')
    expect(await stats()).toMatchObject({
      totalFundsRaised: [
        { currency: 'USD', amountMinor: 1_000 },
        { currency: 'EUR', amountMinor: 700 },
      ],
      totalSupporters: 3,
    })
  })

  it('forgets nobody when the list is said to be empty or changed while it was read', async () => {
    await sync()
    const before = await stats()
    clock += 240_000
    fake.failWith({ status: 200, body: '{"error":"Try again later"}' })
    expect(await sync()).toBe('failed')
    expect(await stats()).toEqual(before)
    clock += 30_000
    const page = { data: fake.supporters.slice(5), last_page: 1, next_page_url: null, total: 23 }
    fake.failWith({ status: 200, body: JSON.stringify(page) })
    expect(await sync()).toBe('synced')
    expect(await stats()).toEqual({ ...before, syncedAt: new Date(clock).toISOString() })
    clock += 240_000
    fake.failWith({ status: 200, body: JSON.stringify({ ...page, data: [], total: 0 }) })
    expect(await sync()).toBe('synced')
    expect((await stats()).totalSupporters).toBe(0)
  })

  it('answerEmpty() has a list that is said to be empty believed, shows that at once, and forgets nobody for any other answer', async () => {
    const adminToken = 'a'.repeat(40)
    const siteCache = createSiteCache({
      store: memory(),
      keySecret: 's'.repeat(32),
      db: database.db,
      syncSupport: () => sync(),
    })
    const runtime = { config: { adminToken }, database, siteCache, syncSupport: sync } as unknown as Runtime
    const empty = async ({ token = adminToken, at = runtime } = {}) => {
      const request = new Request('http://x.test', { method: 'POST', headers: { authorization: `Bearer ${token}` } })
      const context: Partial<RouteContext> = { request, runtime: at }
      return (await answerEmpty(context as RouteContext)).status
    }
    const shown = async () => (await siteCache.support.get()).value.totalSupporters
    expect(await shown()).toBe(16)
    fake.supporters.splice(1)
    clock += 239_000
    expect([await empty(), await shown()]).toEqual([409, 16])
    clock += 1_000
    expect([await empty(), await shown()]).toEqual([200, 1])
    const part = { data: [], last_page: 1, next_page_url: null, total: 23 }
    for (const [status, body] of [
      [200, JSON.stringify(part)],
      [200, '{"data":null}'],
      [503, '{"error":"No supporters"}'],
    ] as const) {
      clock += 240_000
      fake.failWith({ status, body })
      expect([body, await empty(), await shown()]).toEqual([body, 502, 1])
    }
    clock += 240_000
    fake.failWith(undefined)
    fake.supporters.length = 0
    expect([await empty({ token: 'b' }), await sync(), await shown()]).toEqual([401, 'failed', 1])
    clock += 30_000
    expect([await empty(), await shown()]).toEqual([200, 0])
    const alone = { ...runtime, syncSupport: async () => undefined }
    expect(await empty({ at: alone })).toBe(404)
    siteCache.close()
  })

  it('misses nobody for long whom a deletion moved to a page that was read already', async () => {
    await sync()
    const stored = async () => (await database.db.select().from(supportContributions)).length
    const request = fetch
    const readBefore = fake.requests()
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (...asked) => {
      const answer = await request(...asked)
      if (fake.requests() === readBefore + 1) fake.supporters.splice(0, 1)
      return answer
    })
    clock += 240_000
    expect([await sync(), await stored()]).toEqual(['synced', 23])
    clock += 240_000
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
      clock += 240_000
      fake.failWith({ status: 200, body: `{"data":[],"last_page":9,"next_page_url":${next}}` })
      const asked = fake.requests()
      expect([next, await sync(), fake.requests() - asked]).toEqual([next, 'failed', 1])
    }
    expect(await stats()).toEqual(before)
    clock += 30_000
    const last = '{"data":[],"last_page":1,"next_page_url":null,"links":[{"url":null}],"meta":{}}'
    fake.failWith({ status: 200, body: last })
    expect(await sync()).toBe('synced')
  })

  it('takes its token to no other address, whatever the answer says', async () => {
    const server = createServer((_, response) =>
      response.writeHead(302, { location: `${fake.url}/api/v1/supporters?page=1` }).end(),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
    expect([await sync({ url }), fake.requests()]).toEqual(['failed', 0])
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('stores all of more supporters than one statement takes, and forgets as many', async () => {
    const [one] = fake.supporters.splice(0)
    if (one === undefined) throw new TypeError('Cannot test: nobody supports')
    for (let nth = 0; nth < 401; nth += 1) {
      fake.supporters.push({ ...one, support_id: nth, support_coffees: 1, payer_email: `s${nth}@example.org` })
    }
    expect(await sync()).toBe('synced')
    const { totalSupporters, totalFundsRaised, leaderboard } = await stats()
    expect([totalSupporters, totalFundsRaised, leaderboard.length]).toEqual([
      401,
      [{ currency: 'USD', amountMinor: 401 * 500 }],
      10,
    ])
    fake.supporters.splice(1)
    clock += 240_000
    expect([await sync(), (await stats()).totalSupporters]).toEqual(['synced', 1])
  })

  it('takes every edit of a gift: its date, who gave it, and in which currency', async () => {
    const [one] = fake.supporters.splice(0)
    if (one === undefined) throw new TypeError('Cannot test: nobody supports')
    const day = (nth: number) => `2026-10-0${nth} 09:00:00`
    const gift = { ...one, support_coffees: 1, payer_email: ' Zoe@example.org ' }
    const first = { ...gift, support_id: 1, supporter_name: 'Zoe', support_created_on: day(1) }
    const second = { ...gift, support_id: 2, supporter_name: 'Zora', support_created_on: day(2) }
    fake.supporters.push(first, second)
    const after = async (change: Partial<typeof first>) => {
      Object.assign(first, change)
      clock += 240_000
      expect(await sync()).toBe('synced')
      const { leaderboard, totalSupporters, totalFundsRaised } = await stats()
      return [totalSupporters, leaderboard.map(({ display_name }) => display_name), totalFundsRaised.length]
    }
    expect(await after({})).toEqual([1, ['Zora'], 1])
    expect(await after({ payer_email: 'zoe@EXAMPLE.org' })).toEqual([1, ['Zora'], 1])
    expect(await after({ support_created_on: day(3) })).toEqual([1, ['Zoe'], 1])
    expect(await after({ payer_email: 'other@example.org' })).toEqual([2, ['Zora', 'Zoe'], 1])
    expect(await after({ support_currency: 'EUR' })).toEqual([2, ['Zoe'], 2])
  })

  it('reads numbers, flags and currencies however they are written, and fails for what is none', async () => {
    const [one] = fake.supporters.splice(0)
    const give = (change: Record<string, unknown>) =>
      Reflect.set(fake.supporters, fake.supporters.length, { ...one, ...change })
    const written = { support_coffees: '2', support_coffee_price: 5, support_currency: 'usd', support_visibility: '1' }
    give({ ...written, support_id: 'first', is_refunded: false })
    for (const is_refunded of [1, '1', true]) give({ ...written, support_id: `refunded ${is_refunded}`, is_refunded })
    give({ ...written, support_id: 'hidden', support_visibility: 2, payer_email: null, is_refunded: '0' })
    const seen = async () => {
      clock += 240_000
      const outcome = await sync()
      const { totalFundsRaised, leaderboard } = await stats()
      return [outcome, totalFundsRaised, leaderboard.map(({ display_name }) => display_name).sort()]
    }
    const [sums, names] = [[{ currency: 'USD', amountMinor: 2_000 }], ['Ines', 'Somebody']]
    expect(await seen()).toEqual(['synced', sums, names])
    for (const wrong of [
      { support_created_on: 'some day' },
      { support_coffee_price: 'much' },
      { support_coffees: 0.5 },
      { support_currency: 'coffee' },
    ]) {
      give({ ...written, ...wrong, support_id: 'wrong' })
      expect([wrong, await seen()]).toEqual([wrong, ['failed', sums, names]])
      fake.supporters.pop()
    }
  })

  it('gives up before its claim ends, so that no older list is stored over a newer one', async () => {
    const source = { url: fake.url, token: fake.token, keySecret: 's'.repeat(32) }
    const asked = fake.requests()
    // Each look at the clock costs ten seconds.
    const now = () => {
      clock += 10_000
      return new Date(clock)
    }
    expect(await syncSupport(database.db, { source, now })).toBe('failed')
    expect(fake.requests() - asked).toBeLessThan(5)
    expect((await stats()).syncedAt).toBe(null)
  })

  it('adds what somebody gave without their name to no name of theirs', async () => {
    const [one] = fake.supporters.splice(0)
    if (one === undefined) throw new TypeError('Cannot test: nobody supports')
    const gift = (change: Partial<typeof one>) => fake.supporters.push({ ...one, support_coffees: 1, ...change })
    gift({ support_id: 1, supporter_name: 'Zoe', support_created_on: '2026-10-01 09:00:00' })
    gift({ support_id: 2, supporter_name: 'Ada', support_created_on: '2026-10-02 09:00:00' })
    gift({ support_id: 3, supporter_name: 'Zoe', support_visibility: 0, support_coffees: 20 })
    await sync()
    const { leaderboard, totalSupporters } = await stats()
    expect([totalSupporters, leaderboard.map((giver) => [giver.display_name, giver.amountMinor])]).toEqual([
      1,
      [
        ['Somebody', 10_000],
        ['Ada', 1_000],
      ],
    ])
  })
})
