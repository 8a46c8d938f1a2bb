import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Current } from './api-suite.ts'
import { cacheStatus, createHarness, dayOf, faultyFields, GENEROUS, TODAY } from './harness.ts'

const steps = (date: string, count: number) => ({ source: 'watch', daily_metrics: [{ date, steps: count }] })
const DAILY = `/analytics/daily-summary?date=${TODAY}`

/** When a cached answer is a hit, a miss or a 304, by the data that it is made of. */
export function describeCaching(current: Current): void {
  describe('cached analytics', () => {
    it('GET daily-summary is a miss first and a byte-identical hit after', async () => {
      const user = await current().harness.createUser()
      await user.ingest(steps(TODAY, 8000))
      const first = await user.get(DAILY)
      const second = await user.get(DAILY)
      expect([first.status, cacheStatus(first), cacheStatus(second)]).toEqual([200, 'fwd=miss', 'hit'])
      const body = await first.text()
      expect(body).toBe(
        '{"date":"2026-03-29","steps":8000,"calories_consumed":null,"calories_burned":null,"workouts_count":0,"sleep_hours":null,"weight_kg":null}',
      )
      expect(await second.text()).toBe(body)
      expect(second.headers.get('etag')).toBe(first.headers.get('etag'))
      expect(second.headers.get('cache-control')).toContain('private')
      expect(second.headers.get('age')).toMatch(/^\d+$/)
      expect(second.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    })

    it('GET daily-summary is a miss with the new number after an ingest that touches the day, and stays a hit for others', async () => {
      const { createUser } = current().harness
      const [ana, ben] = [await createUser(), await createUser()]
      await ana.ingest(steps(TODAY, 8000))
      await ben.ingest(steps(TODAY, 3000))
      for (const user of [ana, ben]) await user.get(DAILY)
      await ana.ingest(steps(TODAY, 9000))
      const [forAna, forBen] = [await ana.get(DAILY), await ben.get(DAILY)]
      expect([cacheStatus(forAna), cacheStatus(forBen)]).toEqual(['fwd=miss', 'hit'])
      expect([(await dayOf(forAna)).steps, (await dayOf(forBen)).steps]).toEqual([9000, 3000])
    })

    it('GET daily-summary stays a hit after an ingest that touches another day', async () => {
      const user = await current().harness.createUser()
      await user.get(DAILY)
      await user.ingest(steps('2026-03-28', 8000))
      expect(cacheStatus(await user.get(DAILY))).toBe('hit')
    })

    it('GET weekly-trends is a miss after an ingest that touches any of its seven days, and no other', async () => {
      const user = await current().harness.createUser()
      const week = () => user.get(`/analytics/weekly-trends?end=${TODAY}`)
      await week()
      for (const [date, expected] of [
        ['2026-03-22', 'hit'],
        ['2026-03-23', 'fwd=miss'],
        ['2026-03-26', 'fwd=miss'],
        ['2026-03-29', 'fwd=miss'],
        ['2026-03-30', 'hit'],
      ] as const) {
        await user.ingest(steps(date, 5000))
        expect([date, cacheStatus(await week())]).toEqual([date, expected])
      }
      expect(await (await week()).json()).toEqual({
        dates: ['2026-03-23', '2026-03-24', '2026-03-25', '2026-03-26', '2026-03-27', '2026-03-28', '2026-03-29'],
        steps: [5000, null, null, 5000, null, null, 5000],
        calories_in: [null, null, null, null, null, null, null],
        calories_out: [null, null, null, null, null, null, null],
        sleep_hours: [null, null, null, null, null, null, null],
      })
    })

    it('GET daily-summary answers 304 to the ETag it gave, and 200 once the day has changed', async () => {
      const user = await current().harness.createUser()
      const etag = (await user.get(DAILY)).headers.get('etag') ?? ''
      const unchanged = await user.get(DAILY, { 'if-none-match': etag })
      expect([unchanged.status, await unchanged.text()]).toEqual([304, ''])
      await user.ingest(steps(TODAY, 1))
      expect((await user.get(DAILY, { 'if-none-match': etag })).status).toBe(200)
    })

    it('GET daily-summary without a date is today where the user lives, also from the cache at midnight', async () => {
      const { clock, createUser } = current().harness
      const user = await createUser()
      const today = async () => (await dayOf(user.get('/analytics/daily-summary'))).date
      expect(await today()).toBe('2026-03-29')
      clock.time = Date.parse('2026-03-30T00:00:00Z')
      expect(await today()).toBe('2026-03-30')
      await user.patch('/users/me/preferences', { timezone: 'America/St_Johns' })
      expect(await today()).toBe('2026-03-29')
      await user.patch('/users/me/preferences', { timezone: 'Pacific/Kiritimati' })
      expect(await today()).toBe('2026-03-30')
    })

    it.each(['date=2026-02-30', 'date=2026-3-29', 'date=', 'date=2026-03-29&date=2026-03-28', 'date=0001-01-01'])(
      'GET daily-summary?%s is 400 and names the field',
      async (query) => {
        const user = await current().harness.createUser()
        const response = await user.get(`/analytics/daily-summary?${query}`)
        expect([response.status, response.headers.get('content-type')]).toEqual([400, 'application/problem+json'])
        expect(await faultyFields(response)).toEqual(['date'])
      },
    )

    it('GET daily-summary ignores parameters it does not know, another user among them', async () => {
      const { createUser } = current().harness
      const [ana, ben] = [await createUser(), await createUser()]
      await ben.ingest(steps(TODAY, 3000))
      const response = await ana.get(`${DAILY}&user_id=${ben.userId}&userId=${ben.userId}&x=1`)
      expect((await dayOf(response)).steps).toBeNull()
      expect(cacheStatus(await ana.get(DAILY))).toBe('hit')
    })

    it.each([
      ['Pacific/Kiritimati', '2026-03-29T09:59:59Z', '2026-03-29'],
      ['Pacific/Kiritimati', '2026-03-29T10:00:00Z', '2026-03-30'],
      ['America/St_Johns', '2026-03-29T02:29:59Z', '2026-03-28'],
      ['America/St_Johns', '2026-03-29T02:30:00Z', '2026-03-29'],
      // Clocks went from 02:00 to 03:00 on 8 March, so the night before ended at 03:30 UTC and the one after at 02:30.
      ['America/St_Johns', '2026-03-08T03:29:59Z', '2026-03-07'],
      ['America/St_Johns', '2026-03-08T03:30:00Z', '2026-03-08'],
      ['America/St_Johns', '2026-03-09T02:29:59Z', '2026-03-08'],
      ['America/St_Johns', '2026-03-09T02:30:00Z', '2026-03-09'],
    ])('in %s it is at %s the day %s, also from a warm cache', async (timezone, instant, day) => {
      const harness = createHarness({ ...current(), policies: GENEROUS, deadline: '10s' })
      const user = await harness.createUser()
      await user.patch('/users/me/preferences', { timezone })
      const today = async () => {
        const response = await user.get('/analytics/daily-summary')
        return z.object({ date: z.string() }).parse(await response.json()).date
      }
      harness.clock.time = Date.parse(instant) - 1000
      await today()
      harness.clock.time = Date.parse(instant)
      expect(await today()).toBe(day)
    })
  })
}
