import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { freePort } from 'millpond-e2e/servers'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Current } from './api-suite.ts'
import { createHarness, faultyFields, type Harness } from './harness.ts'
import { allowStrava, CONNECTED, connectStrava, NOT_CONNECTED, sendEvent, statusOf, timesAsked } from './strava.ts'

type User = Awaited<ReturnType<Harness['createUser']>>

export function describeStrava(current: Current): void {
  const createUser = () => current().harness.createUser()

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
      expect([timesAsked(current(), 'POST /oauth/deauthorize'), current().strava.granted]).toEqual([1, 0])
      expect(await statusOf(user)).toEqual(NOT_CONNECTED)
      expect(await (await user.remove('/integrations/strava/disconnect')).json()).toEqual({ success: false })
    })

    it.each([
      [{ firstname: 'Ana', lastname: '' }, 'Ana'],
      [{ firstname: null, lastname: 'Pond' }, 'Pond'],
      [{ firstname: '', lastname: null }, null],
      [{}, null],
    ])('tells what there is of the name of an athlete: %j', async (athleteNames, name) => {
      const { strava } = current()
      const user = await createUser()
      const { athleteNames: before } = strava
      strava.athleteNames = athleteNames
      const connected = await connectStrava(user)
      strava.athleteNames = before
      expect(connected.status).toBe(200)
      expect(await statusOf(user)).toEqual({ ...CONNECTED, athlete: { id: 4242, name } })
    })

    it('takes a state once, within ten minutes, and from its user only', async () => {
      const { clock } = current().harness
      const [ana, ben] = [await createUser(), await createUser()]
      const allowed = await allowStrava(ana)
      const exchange = (user: User, body: object) => user.post('/integrations/strava/exchange', body)
      // A state that was made up is none, also while another is waited for.
      expect(await faultyFields(await exchange(ana, { ...allowed, state: randomUUID() }))).toEqual(['state'])
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
      // With 200 it answers something else than tokens.
      for (const status of [500, 502, 200]) {
        const allowed = await allowStrava(user)
        current().strava.failWith = status
        const away = await user.post('/integrations/strava/exchange', allowed)
        current().strava.failWith = undefined
        expect([status, away.status, away.headers.get('retry-after')]).toEqual([status, 503, '30'])
      }
      const baseUrl = `http://127.0.0.1:${await freePort()}`
      const unreachable = createHarness({ ...current(), strava: { ...current().strava, baseUrl } }).withToken(user)
      const unheard = await unreachable.post('/integrations/strava/exchange', await allowStrava(user))
      expect([unheard.status, unheard.headers.get('retry-after')]).toEqual([503, '30'])
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

    it.each([
      ['X-RateLimit', '2026-03-30'],
      ['X-ReadRateLimit', '2026-03-31'],
    ])('asks nothing until midnight UTC once the day’s %s is used up, before %s', async (name, next) => {
      const { harness, strava } = current()
      const midnight = Date.parse(`${next}T00:00:00Z`)
      harness.clock.time = midnight - 43_200_000
      const user = await createUser()
      await connectStrava(user)
      strava.headers = { [`${name}-Limit`]: '200,2000', [`${name}-Usage`]: '1,2000' }
      const ended = { object_type: 'athlete', object_id: 4242, aspect_type: 'update' }
      expect((await sendEvent(harness, ended)).status).toBe(200)
      strava.headers = {}
      const asked = strava.asked.length
      for (const time of [harness.clock.time + 900_000, midnight - 1]) {
        harness.clock.time = time
        expect([(await sendEvent(harness, ended)).status, strava.asked.length]).toEqual([503, asked])
      }
      harness.clock.time = midnight
      expect((await sendEvent(harness, ended)).status).toBe(200)
      expect(await statusOf(user)).toMatchObject({ connected: true, sync_status: 'ok' })
    })

    it('disconnects also while Strava does not answer, or knows the token no more', async () => {
      const { strava } = current()
      const user = await createUser()
      for (const status of [502, 401]) {
        await connectStrava(user)
        strava.failWith = status
        const response = await user.remove('/integrations/strava/disconnect')
        strava.failWith = undefined
        expect([status, response.status, await response.json()]).toEqual([status, 200, { success: true }])
        expect(await statusOf(user)).toEqual(NOT_CONNECTED)
      }
    })

    it('disconnects also where Strava does not renew the token, and says that there was a connection', async () => {
      const { harness, strava } = current()
      const user = await createUser()
      await connectStrava(user)
      strava.revoke()
      harness.clock.time += 6 * 3_600_000
      const response = await user.remove('/integrations/strava/disconnect')
      expect([response.status, await response.json()]).toEqual([200, { success: true }])
      expect(await statusOf(user)).toEqual(NOT_CONNECTED)
    })

    it('disconnects also where the tokens cannot be opened any more', async () => {
      const user = await createUser()
      await connectStrava(user)
      await current().database.db.execute(sql`update strava_connections set access_token = 'lost.AAAA'`)
      expect((await sendEvent(current().harness)).status).toBe(200)
      expect(await statusOf(user)).toMatchObject({ sync_status: 'failed' })
      const response = await user.remove('/integrations/strava/disconnect')
      expect([response.status, await response.json()]).toEqual([200, { success: true }])
      expect(await statusOf(user)).toEqual(NOT_CONNECTED)
    })
  })
}
