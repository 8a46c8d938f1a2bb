import { disabled } from 'millpond'
import { memory } from 'millpond/memory'
import { upstash } from 'millpond/upstash'
import { freePort } from 'millpond-e2e/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenDatabase, openPglite } from '../src/db/database.ts'
import { describeApi } from './api-suite.ts'
import { cacheStatus, createHarness, dayOf, openTestIssuer, type TestIssuer, TODAY } from './harness.ts'
import { describePremiumChat } from './premium-chat-cases.ts'
import { describeSecurity } from './security-cases.ts'

// One PGlite for the whole file: each takes seconds and hundreds of megabytes.
let database: OpenDatabase
let testIssuer: TestIssuer

beforeAll(async () => {
  database = await openPglite()
  testIssuer = await openTestIssuer()
})
afterAll(async () => {
  await database?.close()
  await testIssuer?.close()
})

describeApi(
  'API on memory and PGlite',
  async () => ({ database, store: memory(), close: async () => {} }),
  (current) => {
    describeSecurity(current)
    describePremiumChat(current)
  },
)

describe('API without a store', () => {
  const sleep = (hours: number) => ({ source: 'watch', sleep: [{ date: TODAY, hours }] })
  const path = `/analytics/daily-summary?date=${TODAY}`

  it('answers 200 past the cache while the store is away', async () => {
    const store = upstash({ url: `http://127.0.0.1:${await freePort()}`, token: 'loopback' })
    const harness = createHarness({ database, store, testIssuer })
    const user = await harness.createUser()
    expect((await user.ingest(sleep(7))).status).toBe(200)
    const response = await user.get(path)
    expect([response.status, cacheStatus(response)]).toEqual([200, 'fwd=bypass'])
    expect((await dayOf(response)).sleep_hours).toBe(7)
    await user.ingest(sleep(8))
    expect((await dayOf(user.get(path))).sleep_hours).toBe(8)
    expect(await (await harness.request('/readyz')).json()).toMatchObject({ status: 'degraded' })
    harness.outbox.stop()
    harness.cache.close()
  })

  it('answers past the cache when it is switched off', async () => {
    const harness = createHarness({ database, store: memory(), cacheStore: disabled(), testIssuer })
    const user = await harness.createUser()
    await user.ingest(sleep(7))
    const responses = [await user.get(path), await user.get(path)]
    expect(responses.map(cacheStatus)).toEqual(['fwd=bypass', 'fwd=bypass'])
    expect(await (await harness.request('/readyz')).json()).toMatchObject({
      stores: { cache: 'disabled', limits: 'memory' },
    })
  })
})
