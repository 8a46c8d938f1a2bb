import type { Store } from 'millpond'
import { afterAll, beforeAll, beforeEach, describe } from 'vitest'
import type { OpenDatabase } from '../src/db/database.ts'
import { type FakeStrava, startFakeStrava } from '../src/strava/fake-strava.ts'
import { describeAnalytics } from './analytics-cases.ts'
import { describeAuth } from './auth-cases.ts'
import { describeBadInput } from './bad-input-cases.ts'
import { describeCachedRoutes } from './cached-route-cases.ts'
import { describeCaching } from './caching-cases.ts'
import { describeChat } from './chat-cases.ts'
import { describeConcurrency } from './concurrent-cases.ts'
import { createHarness, emptyTables, type Harness, openTestIssuer, type TestIssuer } from './harness.ts'
import { describeIngestBounds } from './ingest-bounds-cases.ts'
import { describeIngest } from './ingest-cases.ts'
import { describeLostAnswers } from './lost-answer-cases.ts'
import { describeOpenApi } from './openapi-cases.ts'
import { describeOutbox } from './outbox-cases.ts'
import { describeService } from './service-cases.ts'
import { describeStrava } from './strava-cases.ts'
import { describeStravaEvents } from './strava-events-cases.ts'
import { describeUsers } from './user-cases.ts'
import { describeWire } from './wire-cases.ts'

/** What the suite runs on; opened once per test file. */
export type Parts = { database: OpenDatabase; store: Store; close(): Promise<void> }

/** The same cases for every store and database, and those of `more`. */
export function describeApi(
  name: string,
  open: () => Promise<Parts>,
  more: (current: Current) => void = () => {},
): void {
  describe(name, () => {
    let parts: Parts
    let testIssuer: TestIssuer
    let harness: Harness
    let strava: FakeStrava

    beforeAll(async () => {
      parts = await open()
      testIssuer = await openTestIssuer()
      strava = await startFakeStrava({ now: () => harness.clock.time })
    })
    afterAll(async () => {
      await strava?.close()
      await parts?.close()
      await testIssuer?.close()
    })
    beforeEach(async () => {
      await emptyTables(parts.database)
      harness = createHarness({ ...parts, testIssuer, strava, deadline: '10s' })
      Object.assign(strava, { athleteId: 4242, failWith: undefined, gate: undefined, headers: {}, asked: [] })
      strava.activities.clear()
      strava.revoke()
    })

    const current = () => ({ ...parts, testIssuer, harness, strava })
    describeCaching(current)
    describeCachedRoutes(current)
    describeAnalytics(current)
    describeUsers(current)
    describeStrava(current)
    describeStravaEvents(current)
    describeConcurrency(current)
    describeChat(current)
    more(current)
    describeIngest(current)
    describeIngestBounds(current)
    describeOutbox(current)
    describeLostAnswers(current)
    describeBadInput(current)
    describeAuth(current)
    describeService(current)
    describeOpenApi(current)
    describeWire(current)
  })
}

/** The parts of the running test. */
export type Current = () => Parts & { testIssuer: TestIssuer; harness: Harness; strava: FakeStrava }
