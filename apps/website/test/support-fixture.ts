import { join } from 'node:path'
import { startPostgres } from 'millpond-e2e/servers'
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest'
import { type OpenDatabase, openDatabase } from '../src/db/database.ts'
import { supportContributions, supportSync } from '../src/db/schema.ts'
import { type FakeSupporters, startFakeSupporters } from '../src/support/fake-supporters.ts'
import { readSupportStats } from '../src/support/support-stats.ts'
import { syncSupport } from '../src/support/sync-support.ts'

const appDir = join(import.meta.dirname, '..')
const start = Date.parse('2026-11-01T12:00:00Z')

/** What a test of the supporters has: their source, an empty table on PostgreSQL, and a clock of its own. */
export interface Support {
  readonly fake: FakeSupporters
  readonly database: OpenDatabase
  /** In milliseconds since the Unix epoch. */
  clock: number
  sync(change?: { url?: string; token?: string; isEmptyBelieved?: boolean }): ReturnType<typeof syncSupport>
  stats(): ReturnType<typeof readSupportStats>
  /** Notes a gift by hand, under an id that one of the supporters has, too. */
  addGift(): Promise<void>
}

/** Opens it before the tests of the suite that calls this, and empties it before each. What the site would log is kept from the console. */
export function useSupport(): Support {
  let postgres: Awaited<ReturnType<typeof startPostgres>>
  let database: OpenDatabase
  let fake: FakeSupporters

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
    support.clock = start
    await database.db.delete(supportContributions)
    await database.db.update(supportSync).set({ nextAt: new Date(0), syncedAt: null })
    vi.spyOn(console, 'error').mockImplementation(() => {})
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await fake.close()
  })

  const support: Support = {
    clock: start,
    get fake() {
      return fake
    },
    get database() {
      return database
    },
    sync: ({ isEmptyBelieved, ...change } = {}) =>
      syncSupport(database.db, {
        source: { url: fake.url, token: fake.token, keySecret: 's'.repeat(32), ...change },
        now: () => new Date(support.clock),
        ...(isEmptyBelieved !== undefined && { isEmptyBelieved }),
      }),
    stats: () => readSupportStats(database.db),
    async addGift() {
      const given = { amountMinor: 700, currency: 'EUR', status: 'paid', supportedAt: new Date(start) } as const
      const row = { ...given, source: 'manual', sourceId: '6987', supporterKey: 'k' } as const
      await database.db.insert(supportContributions).values(row)
    },
  }
  return support
}
