import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import type { Current } from './api-suite.ts'
import { createHarness, dayOf, faultyFields, type Harness, TODAY } from './harness.ts'

type User = Awaited<ReturnType<Harness['createUser']>>
const Done = z.object({ code: z.string(), state: z.string(), scope: z.string() })

/** What a browser does: asks where to go, goes there, and comes back with a code. */
export async function allowStrava(user: Pick<User, 'get'>) {
  const answer = await user.get('/integrations/strava/authorize')
  const { auth_url } = z.object({ auth_url: z.url() }).parse(await answer.json())
  return Done.parse(await (await fetch(auth_url)).json())
}

/** Connects a user to the fake. */
export async function connectStrava(user: Pick<User, 'get' | 'post'>): Promise<Response> {
  const { code, state } = await allowStrava(user)
  return user.post('/integrations/strava/exchange', { code, state })
}

export function describeStrava(current: Current): void {
  const createUser = () => current().harness.createUser()
  const statusOf = async (user: User): Promise<unknown> => (await user.get('/integrations/strava/status')).json()
  const NOT_CONNECTED = { connected: false, sync_status: null, last_synced_at: null, athlete: null }
  const CONNECTED = {
    connected: true,
    sync_status: 'never',
    last_synced_at: null,
    athlete: { id: 4242, name: 'Fake Athlete' },
  }
  const asked = (what: string) => current().strava.asked.filter((request) => request === what).length
  const event = (change: object = {}, { request }: Pick<Harness, 'request'> = current().harness) =>
    request('/webhooks/strava', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        object_type: 'activity',
        object_id: 77,
        aspect_type: 'create',
        owner_id: 4242,
        subscription_id: 1,
        event_time: 1,
        ...change,
      }),
    })
  /** Lets Strava wait with its answers until the result is called. */
  const holdStrava = () => {
    let letAnswer = () => {}
    current().strava.gate = new Promise((resolve) => {
      letAnswer = resolve
    })
    return letAnswer
  }
  const RUN = {
    id: 77,
    sport_type: 'Run',
    distance: 7620,
    elapsed_time: 3000,
    start_date: `${TODAY}T06:00:00Z`,
    calories: 500,
  }

  describe('Strava', () => {
    it('authorize names the scopes and a new state each time, and is never cached', async () => {
      const user = await createUser()
      const [first, second] = [await user.get('/integrations/strava/authorize'), await allowStrava(user)]
      expect([first.headers.get('cache-control'), first.headers.get('cache-status')]).toEqual(['no-store', null])
      const url = new URL(z.object({ auth_url: z.url() }).parse(await first.json()).auth_url)
      expect(second.scope).toBe('read,activity:read_all,profile:read_all')
      expect(url.searchParams.get('state')).not.toBe(second.state)
    })

    it('connects, tells its status at once, and disconnects', async () => {
      const user = await createUser()
      expect(await statusOf(user)).toEqual(NOT_CONNECTED)
      const exchanged = await connectStrava(user)
      expect([exchanged.status, await exchanged.json()]).toEqual([200, { athlete_id: 4242 }])
      expect(await statusOf(user)).toEqual(CONNECTED)
      expect(await (await user.remove('/integrations/strava/disconnect')).json()).toEqual({ success: true })
      expect(asked('POST /oauth/deauthorize')).toBe(1)
      expect(await statusOf(user)).toEqual(NOT_CONNECTED)
      expect(await (await user.remove('/integrations/strava/disconnect')).json()).toEqual({ success: false })
    })

    it('takes a state once, within ten minutes, and from its user only', async () => {
      const { clock } = current().harness
      const [ana, ben] = [await createUser(), await createUser()]
      const allowed = await allowStrava(ana)
      const exchange = (user: User, body: object) => user.post('/integrations/strava/exchange', body)
      const stolen = await exchange(ben, allowed)
      expect([stolen.status, await faultyFields(stolen)]).toEqual([400, ['state']])
      expect((await exchange(ana, allowed)).status).toBe(200)
      expect(await faultyFields(await exchange(ana, allowed))).toEqual(['state'])
      const late = await allowStrava(ana)
      clock.time += 600_001
      expect(await faultyFields(await exchange(ana, late))).toEqual(['state'])
      expect(await faultyFields(await exchange(ana, { code: 'x', state: randomUUID() }))).toEqual(['state'])
      expect(await faultyFields(await exchange(ana, {}))).toEqual(['code', 'state'])
    })

    it('exchange is 400 when Strava refuses the code and 503 when it does not answer', async () => {
      const user = await createUser()
      const { state } = await allowStrava(user)
      const refused = await user.post('/integrations/strava/exchange', { code: 'not-a-code', state })
      expect([refused.status, await faultyFields(refused)]).toEqual([400, ['code']])
      const allowed = await allowStrava(user)
      current().strava.failWith = 502
      const away = await user.post('/integrations/strava/exchange', allowed)
      expect([away.status, away.headers.get('retry-after')]).toEqual([503, '30'])
      expect(await statusOf(user)).toEqual(NOT_CONNECTED)
    })

    it('keeps tokens so that the database alone does not give them away', async () => {
      const user = await createUser()
      await connectStrava(user)
      const { rows } = z
        .object({ rows: z.array(z.object({ access_token: z.string(), refresh_token: z.string() })) })
        .parse(await current().database.db.execute(sql`select access_token, refresh_token from strava_connections`))
      for (const { access_token, refresh_token } of rows) {
        expect([access_token, refresh_token]).toEqual([
          expect.stringMatching(/^test\.[\w-]{80,}$/),
          expect.stringMatching(/^test\.[\w-]{80,}$/),
        ])
      }
    })

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

    it('an unsigned event cannot make somebody else’s activity the user’s own', async () => {
      const user = await createUser()
      await connectStrava(user)
      current().strava.activities.set(RUN.id, { ...RUN, athlete: { id: 666 } })
      expect((await event()).status).toBe(200)
      expect(await dayOf(user.get('/analytics/daily-summary'))).toMatchObject({ workouts_count: 0 })
    })

    it('an event about nobody we know asks nothing of Strava, and a malformed one is 400', async () => {
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
        const before = asked('POST /oauth/token')
        await Promise.all(Array.from({ length: 8 }, () => event()))
        expect([round, asked('POST /oauth/token') - before]).toEqual([round, 1])
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
      const before = asked('POST /oauth/token')
      const letAnswer = holdStrava()
      const events = Array.from({ length: 8 }, (_, index) => event({}, index % 2 === 0 ? harness : others))
      await vi.waitUntil(() => asked('POST /oauth/token') > before)
      // PGlite has one connection: nobody reads while a transaction is open.
      const nights = { source: 'watch', sleep: [{ date: TODAY, hours: 7 }] }
      expect((await user.ingest(nights)).status).toBe(200)
      letAnswer()
      expect(new Set((await Promise.all(events)).map(({ status }) => status))).toEqual(new Set([200]))
      expect(asked('POST /oauth/token') - before).toBe(1)
      expect(await dayOf(user.get('/analytics/daily-summary'))).toMatchObject({ workouts_count: 1, sleep_hours: 7 })
    })

    it('leaves alone what a user connected while the token before was refreshed', async () => {
      const { harness, strava } = current()
      const user = await createUser()
      for (const refusal of [undefined, 'revoked']) {
        await connectStrava(user)
        strava.activities.set(RUN.id, RUN)
        harness.clock.time += 6 * 3_600_000
        const allowed = await allowStrava(user)
        const before = asked('POST /oauth/token')
        const letAnswer = holdStrava()
        const following = event()
        await vi.waitUntil(() => asked('POST /oauth/token') > before)
        strava.gate = undefined
        if (refusal) strava.revoke()
        expect((await user.post('/integrations/strava/exchange', allowed)).status).toBe(200)
        letAnswer()
        expect((await following).status).toBe(200)
        expect(await statusOf(user)).toMatchObject({ connected: true, sync_status: 'ok' })
      }
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

    it('keeps a connection when Strava refuses the application and not the athlete', async () => {
      const { harness, strava } = current()
      const user = await createUser()
      await connectStrava(user)
      const { clientSecret } = strava
      strava.clientSecret = 'rotated'
      harness.clock.time += 6 * 3_600_000
      expect((await event()).status).toBe(503)
      expect(await statusOf(user)).toMatchObject({ connected: true, sync_status: 'failed' })
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
      const away = await event()
      expect([away.status, away.headers.get('retry-after')]).toEqual([503, '30'])
      expect(await statusOf(user)).toMatchObject({ sync_status: 'failed' })
      strava.failWith = undefined
      const failing = Object.create(database.db, {
        select: {
          value: () => {
            throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' })
          },
        },
      })
      const parts = { ...current(), database: { ...database, db: failing } }
      expect((await event({}, createHarness(parts))).status).toBe(503)
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

    it('disconnects also where the tokens cannot be opened any more', async () => {
      const user = await createUser()
      await connectStrava(user)
      await current().database.db.execute(sql`update strava_connections set access_token = 'lost.AAAA'`)
      expect((await event()).status).toBe(200)
      expect(await statusOf(user)).toMatchObject({ sync_status: 'failed' })
      const response = await user.remove('/integrations/strava/disconnect')
      expect([response.status, await response.json()]).toEqual([200, { success: true }])
      expect(await statusOf(user)).toEqual(NOT_CONNECTED)
    })

    it('answers the challenge of a subscription only to the verify token', async () => {
      const ask = (token: string) =>
        current().harness.request(
          `/webhooks/strava?hub.mode=subscribe&hub.challenge=15f7d1a9&hub.verify_token=${token}`,
        )
      const ours = await ask('verify-me')
      expect([ours.status, await ours.json()]).toEqual([200, { 'hub.challenge': '15f7d1a9' }])
      expect((await ask('verify-you')).status).toBe(403)
    })
  })
}
