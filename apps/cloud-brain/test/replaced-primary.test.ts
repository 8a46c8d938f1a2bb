import { setTimeout as delay } from 'node:timers/promises'
import { memory } from 'millpond/memory'
import { describeWith, type StartedPostgresPair, startPostgresPair } from 'millpond-e2e/servers'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { Trend } from '../src/analytics/trend.ts'
import { type OpenDatabase, openDatabase } from '../src/db/database.ts'
import { addDays } from '../src/local-day.ts'
import { createHarness, dayOf, GENEROUS, openTestIssuer, type TestIssuer, TODAY } from './harness.ts'

const USERS = 4
const WINDOWS = [3, 4, 5, 6, 7, 8]

describeWith('postgres', 'a PostgreSQL primary that is replaced under load', () => {
  let pair: StartedPostgresPair
  let database: OpenDatabase
  let testIssuer: TestIssuer
  beforeAll(async () => {
    testIssuer = await openTestIssuer()
  })
  afterAll(() => testIssuer?.close())
  beforeEach(async () => {
    pair = await startPostgresPair()
    database = await openDatabase({ kind: 'postgres', url: await pair.createDatabase() })
  })
  afterEach(async () => {
    await database?.close()
    await pair?.stop()
  })

  const replacements: [how: string, replace: () => Promise<void>][] = [
    [
      'it died',
      async () => {
        await pair.killFirst()
        await pair.promoteSecond()
        pair.leadToSecond()
      },
    ],
    [
      'it only reads and keeps its connections',
      async () => {
        await pair.fenceFirst()
        await pair.promoteSecond()
        pair.leadToSecond('keep')
      },
    ],
  ]
  it.each(replacements)('%s: nothing acknowledged is lost or read in an older state', async (_, replace) => {
    const harness = createHarness({ database, store: memory(), testIssuer, policies: GENEROUS, deadline: '10s' })
    const users = await Promise.all(Array.from({ length: USERS }, () => harness.createUser()))
    const statuses = new Set<number>()
    let isReplaced = false
    let acknowledged = 0

    /** Counts steps up, each write sent until it is acknowledged, and reads all the while: nothing older than was acknowledged before. */
    const use = async (user: (typeof users)[number]): Promise<number> => {
      let [written, least, isDone] = [0, 0, false]
      const read = async (windowSize: number) => {
        const atLeast = least
        const answer = await user.get(`/analytics/trend/steps?window_size=${windowSize}`)
        statuses.add(answer.status)
        if (answer.status !== 200) return
        const steps = Trend.parse(await answer.json()).recent_avg ?? 0
        expect([steps >= atLeast, steps <= written]).toEqual([true, true])
      }
      let daysAgo = 0
      /** Days that nobody read yet, so that connections to the old primary stay in use. */
      const readOldDays = async () => {
        while (!isDone) {
          daysAgo += 1
          const answer = await user.get(`/analytics/daily-summary?date=${addDays(TODAY, -daysAgo)}`)
          statuses.add(answer.status)
          await delay(1)
        }
      }
      const readAll = async () => {
        while (!isDone) {
          await Promise.all(WINDOWS.map(read))
          await delay(1)
        }
      }
      const write = async () => {
        for (let left = 3; left > 0; left -= isReplaced ? 1 : 0) {
          written += 1
          const batch = { source: 'watch', daily_metrics: [{ date: TODAY, steps: written }] }
          let status = 0
          while (status !== 200) {
            status = (await user.ingest(batch, { 'idempotency-key': `write-${written}` })).status
            statuses.add(status)
          }
          least = written
          acknowledged += 1
          await Promise.all(WINDOWS.map(read))
        }
      }
      await Promise.all([readAll(), readOldDays(), readOldDays(), write().finally(() => (isDone = true))])
      return written
    }
    const used = Promise.all(users.map(use))
    while (acknowledged < USERS * 2) await delay(5)
    await replace()
    isReplaced = true
    const written = await used
    const kept = await Promise.all(
      users.map(async (user) => (await dayOf(user.get(`/analytics/daily-summary?date=${TODAY}`))).steps),
    )
    expect(kept).toEqual(written)
    expect([...statuses].sort()).toEqual([200, 503])
  })
})
