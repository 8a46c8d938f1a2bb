import { sql } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import type { Current } from './api-suite.ts'
import { createHarness, dayOf, type Harness, TODAY } from './harness.ts'
import { allowStrava, CONNECTED, connectStrava, NOT_CONNECTED, RUN, sendEvent, statusOf, timesAsked } from './strava.ts'

export function describeStravaEvents(current: Current): void {
  const createUser = () => current().harness.createUser()
  const event = (change: object = {}, harness: Pick<Harness, 'request'> = current().harness) =>
    sendEvent(harness, change)
  /** Lets Strava wait with its answers until the result is called. */
  const holdStrava = () => {
    let letAnswer = () => {}
    current().strava.gate = new Promise((resolve) => {
      letAnswer = resolve
    })
    return letAnswer
  }

  describe('events of Strava', () => {
    it('an event fetches the activity, and a later one takes it away when it is gone', async () => {
      const { harness, strava } = current()
      const user = await createUser()
      await connectStrava(user)
      strava.activities.set(RUN.id, RUN)
      const today = () => dayOf(user.get('/analytics/daily-summary'))
      expect(await today()).toMatchObject({ workouts_count: 0 })
      expect((await event()).status).toBe(200)
      expect(await today()).toMatchObject({ workouts_count: 1, steps: 10_000, calories_burned: 500 })
      const synced = { sync_status: 'ok', last_synced_at: new Date(harness.clock.time).toISOString() }
      expect(await statusOf(user)).toEqual({ ...CONNECTED, ...synced })
      // An unsigned event that claims a deletion proves nothing while the activity is there.
      await event({ aspect_type: 'delete' })
      expect(await today()).toMatchObject({ workouts_count: 1 })
      strava.activities.delete(RUN.id)
      await event({ aspect_type: 'delete' })
      expect(await today()).toMatchObject({ workouts_count: 0 })
    })

    it('an activity of which Strava tells little is stored with what there is', async () => {
      const { database, strava } = current()
      const user = await createUser()
      await connectStrava(user)
      const bare = { sport_type: null, distance: null, calories: null, elapsed_time: 3000.6 }
      const rows = []
      for (const type of [null, 'Ride']) {
        strava.activities.set(RUN.id, Object.assign({}, RUN, bare as object, { type }))
        expect((await event()).status).toBe(200)
        rows.push(
          ...(await database.db.query.workouts.findMany({
            columns: { activityType: true, durationSeconds: true, distanceMeters: true, calories: true },
          })),
        )
      }
      const stored = { durationSeconds: 3001, distanceMeters: null, calories: 0 }
      expect(rows).toEqual(['workout', 'ride'].map((activityType) => ({ activityType, ...stored })))
      expect(await statusOf(user)).toMatchObject({ sync_status: 'ok' })
    })

    it('an activity that Strava does not show ends no connection', async () => {
      const { strava } = current()
      const user = await createUser()
      await connectStrava(user)
      strava.failWith = 403
      expect((await event()).status).toBe(200)
      strava.failWith = undefined
      expect(await statusOf(user)).toMatchObject({ connected: true, sync_status: 'failed' })
    })

    it('an unsigned event cannot make somebody else’s activity the user’s own', async () => {
      const user = await createUser()
      await connectStrava(user)
      current().strava.activities.set(RUN.id, { ...RUN, athlete: { id: 666 } })
      expect((await event()).status).toBe(200)
      expect(await dayOf(user.get('/analytics/daily-summary'))).toMatchObject({ workouts_count: 0 })
    })

    it('an event about nobody we know asks nothing of Strava, and a malformed one is 400', async () => {
      await connectStrava(await createUser())
      const before = current().strava.asked.length
      expect((await event({ owner_id: 1 })).status).toBe(200)
      expect((await event({ object_type: 'segment' })).status).toBe(400)
      expect(current().strava.asked.length).toBe(before)
    })

    it('an athlete who ended the permission is disconnected, one who is said to have is not', async () => {
      const user = await createUser()
      await connectStrava(user)
      const ended = { object_type: 'athlete', object_id: 4242, aspect_type: 'update', updates: { authorized: 'false' } }
      await event(ended)
      expect(await statusOf(user)).toMatchObject({ connected: true, sync_status: 'ok' })
      current().strava.revoke()
      await event(ended)
      expect(await statusOf(user)).toEqual(NOT_CONNECTED)
    })

    it('refreshes an old token once for many events at a time, and keeps the newest', async () => {
      const { harness, strava } = current()
      const user = await createUser()
      await connectStrava(user)
      strava.activities.set(RUN.id, RUN)
      for (const round of [1, 2]) {
        harness.clock.time += 6 * 3_600_000
        const before = timesAsked(current(), 'POST /oauth/token')
        await Promise.all(Array.from({ length: 8 }, () => event()))
        expect([round, timesAsked(current(), 'POST /oauth/token') - before]).toEqual([round, 1])
        expect(await statusOf(user)).toMatchObject({ connected: true, sync_status: 'ok' })
      }
    })

    it('refreshes once for the events of two processes, and answers everybody else meanwhile', async () => {
      const { harness, strava } = current()
      const others = createHarness(current())
      const user = await createUser()
      await connectStrava(user)
      strava.activities.set(RUN.id, RUN)
      for (const { clock } of [harness, others]) clock.time += 6 * 3_600_000
      const before = timesAsked(current(), 'POST /oauth/token')
      const letAnswer = holdStrava()
      const events = Array.from({ length: 8 }, (_, index) => event({}, index % 2 === 0 ? harness : others))
      await vi.waitUntil(() => timesAsked(current(), 'POST /oauth/token') > before)
      // PGlite has one connection: nobody reads while a transaction is open.
      const nights = { source: 'watch', sleep: [{ date: TODAY, hours: 7 }] }
      expect((await user.ingest(nights)).status).toBe(200)
      letAnswer()
      expect(new Set((await Promise.all(events)).map(({ status }) => status))).toEqual(new Set([200]))
      expect(timesAsked(current(), 'POST /oauth/token') - before).toBe(1)
      expect(await dayOf(user.get('/analytics/daily-summary'))).toMatchObject({ workouts_count: 1, sleep_hours: 7 })
    })

    it('refreshes a token that a process had claimed and died over, once its time is over', async () => {
      const { database, harness } = current()
      const user = await createUser()
      await connectStrava(user)
      harness.clock.time += 6 * 3_600_000
      await database.db.execute(sql`update strava_connections set claimed_until = now() - interval '1 second'`)
      expect((await event({ object_type: 'athlete' })).status).toBe(200)
      expect(await statusOf(user)).toMatchObject({ connected: true, sync_status: 'ok' })
    })

    it('ends a connection whose token Strava does not renew', async () => {
      const { harness, strava } = current()
      const user = await createUser()
      await connectStrava(user)
      strava.revoke()
      harness.clock.time += 6 * 3_600_000
      expect((await event()).status).toBe(200)
      expect(await statusOf(user)).toEqual(NOT_CONNECTED)
    })

    it('leaves alone what a user connected while the token before was refreshed', async () => {
      const { harness, strava } = current()
      const user = await createUser()
      for (const refusal of [undefined, 'revoked']) {
        await connectStrava(user)
        strava.activities.set(RUN.id, RUN)
        harness.clock.time += 6 * 3_600_000
        const allowed = await allowStrava(user)
        const before = timesAsked(current(), 'POST /oauth/token')
        const letAnswer = holdStrava()
        const following = event()
        await vi.waitUntil(() => timesAsked(current(), 'POST /oauth/token') > before)
        strava.gate = undefined
        if (refusal) strava.revoke()
        expect((await user.post('/integrations/strava/exchange', allowed)).status).toBe(200)
        letAnswer()
        expect((await following).status).toBe(200)
        expect(await statusOf(user)).toMatchObject({ connected: true, sync_status: 'ok' })
      }
    })

    it('asks for one new token also where the clock is hours ahead of Strava’s', async () => {
      const { strava } = current()
      const ahead = createHarness(current())
      const user = await createUser()
      await connectStrava(user)
      strava.activities.set(RUN.id, RUN)
      ahead.clock.time += 7 * 3_600_000
      const before = timesAsked(current(), 'POST /oauth/token')
      expect((await event({}, ahead)).status).toBe(200)
      expect(timesAsked(current(), 'POST /oauth/token') - before).toBe(1)
      expect(await statusOf(user)).toMatchObject({ connected: true, sync_status: 'ok' })
    })

    it('leaves alone what a user connected while Strava refused the token before, and follows the event with it', async () => {
      const { strava } = current()
      const user = await createUser()
      await connectStrava(user)
      strava.activities.set(RUN.id, RUN)
      const allowed = await allowStrava(user)
      const letAnswer = holdStrava()
      const following = event()
      await vi.waitUntil(() => timesAsked(current(), `GET /api/v3/activities/${RUN.id}`) > 0)
      strava.gate = undefined
      strava.revoke()
      expect((await user.post('/integrations/strava/exchange', allowed)).status).toBe(200)
      letAnswer()
      expect((await following).status).toBe(200)
      expect(await statusOf(user)).toMatchObject({ connected: true, sync_status: 'ok' })
      expect(await dayOf(user.get('/analytics/daily-summary'))).toMatchObject({ workouts_count: 1 })
    })

    it('stops asking while the rate limit is used up, and starts again in the next window', async () => {
      const { harness, strava } = current()
      const user = await createUser()
      await connectStrava(user)
      strava.activities.set(RUN.id, RUN)
      strava.headers = { 'X-ReadRateLimit-Limit': '100,1000', 'X-ReadRateLimit-Usage': '100,100' }
      await event()
      const before = strava.asked.length
      await event()
      expect(strava.asked.length).toBe(before)
      expect(await statusOf(user)).toMatchObject({ connected: true, sync_status: 'failed' })
      strava.headers = {}
      harness.clock.time = Math.ceil((harness.clock.time + 1) / 900_000) * 900_000
      await event()
      expect(await statusOf(user)).toMatchObject({ sync_status: 'ok' })
    })

    it('asks nothing after a 429 until the next window, and follows the event then', async () => {
      const { harness, strava } = current()
      const user = await createUser()
      await connectStrava(user)
      strava.activities.set(RUN.id, RUN)
      strava.failWith = 429
      expect((await event()).status).toBe(503)
      strava.failWith = undefined
      const before = strava.asked.length
      expect([(await event()).status, strava.asked.length]).toEqual([503, before])
      harness.clock.time = Math.ceil((harness.clock.time + 1) / 900_000) * 900_000
      expect((await event()).status).toBe(200)
      expect(await statusOf(user)).toMatchObject({ sync_status: 'ok' })
    })

    it('keeps a connection when Strava refuses the application and not the athlete', async () => {
      const { database, harness, strava } = current()
      const user = await createUser()
      await connectStrava(user)
      const { clientSecret } = strava
      strava.clientSecret = 'rotated'
      harness.clock.time += 6 * 3_600_000
      expect((await event()).status).toBe(503)
      expect(await statusOf(user)).toMatchObject({ connected: true, sync_status: 'failed' })
      // Nobody waits for a claim whose holder is done.
      expect(await database.db.query.stravaConnections.findMany({ columns: { claimedUntil: true } })).toEqual([
        { claimedUntil: null },
      ])
      strava.clientSecret = clientSecret
      expect((await event()).status).toBe(200)
      expect(await statusOf(user)).toMatchObject({ connected: true, sync_status: 'ok' })
    })

    it('an event that cannot be followed at the moment is 503, so that Strava sends it again', async () => {
      const { database, harness, strava } = current()
      const user = await createUser()
      await connectStrava(user)
      strava.activities.set(RUN.id, RUN)
      strava.failWith = 502
      const unheard = await event()
      expect([unheard.status, unheard.headers.get('retry-after')]).toEqual([503, '30'])
      expect(await statusOf(user)).toMatchObject({ sync_status: 'failed' })
      strava.failWith = undefined
      const away = () => {
        throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' })
      }
      for (const what of ['select', 'transaction']) {
        const failing = Object.create(database.db, { [what]: { value: away } })
        const parts = { ...current(), database: { ...database, db: failing } }
        expect([what, (await event({}, createHarness(parts))).status]).toEqual([what, 503])
      }
      expect((await event({}, harness)).status).toBe(200)
      expect(await dayOf(user.get('/analytics/daily-summary'))).toMatchObject({ workouts_count: 1 })
    })

    it.each([
      ['a day that holds 500 workouts', {}, 500],
      ['an activity that no ingest takes', { elapsed_time: 604_801 }, 0],
    ])('an event that no repetition mends is 200, counted, and told in the status: %s', async (_, change, stored) => {
      const { harness, strava } = current()
      const user = await createUser()
      await connectStrava(user)
      strava.activities.set(RUN.id, { ...RUN, ...change })
      const workout = { activity_type: 'walk', duration_seconds: 60, calories: 1, start_time: RUN.start_date }
      const walks = Array.from({ length: stored }, (_, index) => ({ ...workout, original_id: `${index}` }))
      expect((await user.ingest({ source: 'watch', workouts: walks })).status).toBe(200)
      const before = await dayOf(user.get('/analytics/daily-summary'))
      expect((await event()).status).toBe(200)
      expect(await dayOf(user.get('/analytics/daily-summary'))).toEqual(before)
      expect(await statusOf(user)).toMatchObject({ connected: true, sync_status: 'failed' })
      expect(harness.log.join('')).toContain('a Strava event could not be followed')
      const metrics = await (await harness.request('/metrics')).text()
      expect(metrics).toContain('\nstrava_activities_dropped_total 1\n')
    })

    it('an event reaches every user who connected the athlete, also after one whose permission has ended', async () => {
      const { strava } = current()
      const [first, second] = [await createUser(), await createUser()]
      await connectStrava(first)
      strava.revoke()
      await connectStrava(second)
      strava.activities.set(RUN.id, RUN)
      expect((await event()).status).toBe(200)
      expect([await statusOf(first), await statusOf(second)]).toEqual([
        NOT_CONNECTED,
        expect.objectContaining({ sync_status: 'ok' }),
      ])
    })

    it('answers the challenge of a subscription only to the verify token', async () => {
      const ask = (token: string) =>
        current().harness.request(
          `/webhooks/strava?hub.mode=subscribe&hub.challenge=15f7d1a9&hub.verify_token=${token}`,
        )
      const ours = await ask('verify-me')
      expect([ours.status, await ours.json()]).toEqual([200, { 'hub.challenge': '15f7d1a9' }])
      expect((await ask('verify-you')).status).toBe(403)
      for (const query of [
        'hub.mode=subscribe&hub.challenge=15f7d1a9',
        'hub.mode=subscribe&hub.verify_token=verify-me',
        'hub.mode=unsubscribe&hub.challenge=15f7d1a9&hub.verify_token=verify-me',
      ]) {
        expect([query, (await current().harness.request(`/webhooks/strava?${query}`)).status]).toEqual([query, 403])
      }
    })
  })
}
