import { sql } from 'drizzle-orm'
import { slidingWindow } from 'millpond'
import { describe, expect, it } from 'vitest'
import type { OpenDatabase } from '../src/db/database.ts'
import type { Current } from './api-suite.ts'
import { createHarness, dayOf, GENEROUS, type Harness, TODAY } from './harness.ts'
import { RUN } from './ingest-items.ts'
import { RUN as ACTIVITY, allowStrava, CONNECTED, connectStrava, NOT_CONNECTED, sendEvent, statusOf } from './strava.ts'

type User = Awaited<ReturnType<Harness['createUser']>>

/** A write whose answer is lost: what it is, what then is read, and what its repetition may be answered with. */
type Lost = {
  prepare?(parts: Parts): Promise<unknown>
  /** Gives the request, the same whenever it is sent. */
  write(parts: Parts): Promise<() => Promise<Response>>
  /** Between the write and its repetition. */
  meanwhile?(parts: Parts): Promise<unknown>
  repeated: number
  read(parts: Parts): Promise<unknown>
  before: unknown
  /** What is read between the write and its repetition, where that is not `before`. */
  between?: unknown
  after: unknown
}
type Parts = { user: User; harness: Harness; strava: ReturnType<Current>['strava'] }

const YESTERDAY = '2026-03-28'
const steps = (count: number) => ({ source: 'watch', daily_metrics: [{ date: TODAY, steps: count }] })
const stepsOf = async ({ user }: Parts) => (await dayOf(user.get('/analytics/daily-summary'))).steps
const workoutsOf = async ({ user }: Parts, date = TODAY) =>
  (await dayOf(user.get(`/analytics/daily-summary?date=${date}`))).workouts_count
const fieldOf = (path: string, name: string) => async (parts: Parts) =>
  Object(await (await parts.user.get(path)).json())[name]

const LOST: Record<string, Lost> = {
  'an ingest with a key': {
    prepare: ({ user }) => user.ingest(steps(1)),
    write:
      async ({ user }) =>
      () =>
        user.ingest(steps(2), { 'idempotency-key': 'one' }),
    repeated: 200,
    read: stepsOf,
    before: 1,
    after: 2,
  },
  'an ingest with a key, repeated when no items are left for the day': {
    prepare: ({ user }) => user.ingest(steps(1)),
    write:
      async ({ user }) =>
      () =>
        user.ingest(steps(2), { 'idempotency-key': 'one' }),
    meanwhile: ({ user }) => user.ingest({ source: 'watch', sleep: ['x', 'x', 'x'] }),
    repeated: 200,
    read: stepsOf,
    before: 1,
    after: 2,
  },
  'an ingest without a key that moves a workout to another day': {
    prepare: ({ user }) => user.ingest({ source: 'watch', workouts: [RUN] }),
    write:
      async ({ user }) =>
      () =>
        user.ingest({ source: 'watch', workouts: [{ ...RUN, start_time: `${YESTERDAY}T07:00:00Z` }] }),
    repeated: 200,
    read: workoutsOf,
    before: 1,
    after: 0,
  },
  'a change of timezone': {
    prepare: ({ user }) => user.ingest({ source: 'watch', workouts: [{ ...RUN, start_time: `${TODAY}T02:00:00Z` }] }),
    write:
      async ({ user }) =>
      () =>
        user.patch('/users/me/preferences', { timezone: 'America/St_Johns' }),
    repeated: 200,
    read: (parts) => workoutsOf(parts, YESTERDAY),
    before: 0,
    after: 1,
  },
  'a change of the preferences with If-Match': {
    write: async ({ user }) => {
      const etag = (await user.get('/users/me/preferences')).headers.get('etag') ?? ''
      return () => user.patch('/users/me/preferences', { units: 'imperial' }, { 'if-match': etag })
    },
    repeated: 412,
    read: fieldOf('/users/me/preferences', 'units'),
    before: 'metric',
    after: 'imperial',
  },
  'a change of the profile with If-Match': {
    write: async ({ user }) => {
      const etag = (await user.get('/users/me/profile')).headers.get('etag') ?? ''
      return () => user.patch('/users/me/profile', { nickname: 'Ana' }, { 'if-match': etag })
    },
    repeated: 412,
    read: fieldOf('/users/me/profile', 'nickname'),
    before: null,
    after: 'Ana',
  },
  'a goal': {
    write:
      async ({ user }) =>
      () =>
        user.post('/analytics/goals', { metric: 'steps', period: 'daily', target: 9000 }),
    repeated: 201,
    read: async ({ user }) => Object(await (await user.get('/analytics/goals')).json()).goals.length,
    before: 0,
    after: 1,
  },
  'a connection to Strava': {
    write: async ({ user }) => {
      const { code, state } = await allowStrava(user)
      return () => user.post('/integrations/strava/exchange', { code, state })
    },
    repeated: 400,
    read: ({ user }) => statusOf(user),
    before: NOT_CONNECTED,
    after: CONNECTED,
  },
  'the end of a connection to Strava': {
    prepare: ({ user }) => connectStrava(user),
    write:
      async ({ user }) =>
      () =>
        user.remove('/integrations/strava/disconnect'),
    repeated: 200,
    read: ({ user }) => statusOf(user),
    before: CONNECTED,
    after: NOT_CONNECTED,
  },
  'an event about an activity that is gone': {
    prepare: async ({ user, harness, strava }) => {
      await connectStrava(user)
      strava.activities.set(ACTIVITY.id, ACTIVITY)
      await sendEvent(harness)
      strava.activities.clear()
    },
    write:
      async ({ harness }) =>
      () =>
        sendEvent(harness, { aspect_type: 'delete' }),
    repeated: 200,
    read: workoutsOf,
    before: 1,
    // That the event could not be followed is a write, too.
    between: 0,
    after: 0,
  },
}

/** A write that is committed while its answer is lost, and sent again. */
export function describeLostAnswers(current: Current): void {
  describe('a write that was committed, whose answer was lost, and that is sent again', () => {
    it.each(Object.entries(LOST))('%s is read at once', async (_, lost) => {
      const { database, losses } = losing(current().database)
      const policies = { ...GENEROUS, items: slidingWindow({ limit: 4, window: '60s', onUnavailable: 'local' }) }
      const harness = createHarness({ ...current(), database, policies, deadline: '10s' })
      const user = await harness.createUser()
      const parts = { user, harness, strava: current().strava }
      await lost.prepare?.(parts)
      const send = await lost.write(parts)
      expect(await lost.read(parts)).toEqual(lost.before)

      losses.next = true
      expect((await send()).status).toBe(503)
      expect(losses.next).toBe(false)
      await lost.meanwhile?.(parts)
      expect(await lost.read(parts)).toEqual('between' in lost ? lost.between : lost.before)
      expect((await send()).status).toBe(lost.repeated)
      expect(await lost.read(parts)).toEqual(lost.after)
      const left = await current().database.db.execute(sql`select tags from invalidation_outbox`)
      expect(left).toMatchObject({ rows: [] })
    })
  })
}

/** The same database; the transaction after `next` was set is committed, and then the connection is gone. */
function losing(database: OpenDatabase): { database: OpenDatabase; losses: { next: boolean } } {
  const losses = { next: false }
  const transaction: OpenDatabase['db']['transaction'] = async (...args) => {
    const result = await database.db.transaction(...args)
    if (!losses.next) return result
    losses.next = false
    throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
  }
  const db = new Proxy(database.db, {
    get: (target, name) => (name === 'transaction' ? transaction : Reflect.get(target, name, target)),
  })
  return { database: { ...database, db }, losses }
}
