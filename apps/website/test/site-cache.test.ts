import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import { memory } from 'millpond/memory'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import * as schema from '../src/db/schema.ts'
import { createSiteCache, type SiteCache, supportTag, waitlistTag } from '../src/lib/cache.ts'

const gift = { source: 'manual', currency: 'EUR', status: 'paid', supporterKey: 'k', supportedAt: new Date(0) } as const

describe('createSiteCache()', () => {
  let pglite: PGlite
  let db: ReturnType<typeof drizzle<typeof schema>>
  let site: SiteCache
  const syncSupport = vi.fn<() => Promise<void>>()
  beforeAll(async () => {
    pglite = await PGlite.create()
    db = drizzle(pglite, { schema })
    await migrate(db, { migrationsFolder: join(import.meta.dirname, '../drizzle') })
  })
  afterAll(() => pglite?.close())
  beforeEach(() => {
    syncSupport.mockReset()
    site = createSiteCache({ store: memory(), keySecret: 's'.repeat(32), db, syncSupport })
  })
  afterEach(() => {
    vi.useRealTimers()
    site.close()
  })

  it('keeps each entry for its time, and lets go of it with the tag of what it is computed from', async () => {
    const entries = [site.stats, site.leaderboard, site.support] as const
    const read = () => Promise.all(entries.map((entry) => entry.get()))
    const explain = () => Promise.all(entries.map((entry) => entry.explain()))
    const verdicts = async () => (await explain()).map(({ verdict }) => verdict)
    await read()
    const times = (await explain()).map(({ entry }) => ('ttlMs' in entry ? entry.ttlMs / 1000 : 0))
    // Expiry is spread over the last tenth of the time.
    for (const [nth, most] of [10, 60, 300].entries()) {
      expect(times[nth]).toBeGreaterThanOrEqual(most * 0.9)
      expect(times[nth]).toBeLessThanOrEqual(most)
    }
    await site.cache.invalidate([waitlistTag])
    expect(await verdicts()).toEqual(['miss', 'miss', 'hit'])
    await read()
    await site.cache.invalidate([supportTag])
    expect(await verdicts()).toEqual(['hit', 'hit', 'miss'])
  })

  it('shows the support of before while the other side takes its time, and for a day while it cannot be read', async () => {
    await db.insert(schema.supportContributions).values({ ...gift, sourceId: 'first', amountMinor: 700 })
    const read = async () => {
      const { status, value } = await site.support.get()
      return [status, value.totalFundsRaised]
    }
    const before = [{ currency: 'EUR', amountMinor: 700 }]
    expect(await read()).toEqual(['miss', before])
    vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] })
    await vi.advanceTimersByTimeAsync(300_001)
    let arrive = () => {}
    syncSupport.mockReturnValueOnce(new Promise<void>((resolve) => (arrive = resolve)))
    const slow = read()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await slow).toEqual(['stale', before])
    syncSupport.mockRejectedValue(new Error('away'))
    arrive()
    await vi.advanceTimersByTimeAsync(86_000_000)
    expect(await read()).toEqual(['stale', before])
    await vi.advanceTimersByTimeAsync(1_000_000)
    await expect(read()).rejects.toThrow()
  })
})
