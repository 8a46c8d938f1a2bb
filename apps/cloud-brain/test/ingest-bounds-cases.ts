import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Current } from './api-suite.ts'
import { dayOf, faultyFields, resultOf, TODAY } from './harness.ts'
import { NO_COUNTS, RUN } from './ingest-items.ts'

/** How much and what one ingest may hold, and what becomes of more. */
export function describeIngestBounds(current: Current): void {
  const createUser = () => current().harness.createUser()
  const summaryOf = async (user: Awaited<ReturnType<typeof createUser>>, date = TODAY) =>
    dayOf(user.get(`/analytics/daily-summary?date=${date}`))

  describe('the bounds of POST ingest', () => {
    it('takes of each figure what somebody may have, and reports what is beyond it', async () => {
      const user = await createUser()
      const night = { date: TODAY, hours: 7 }
      const meal = { date: TODAY, calories: 1 }
      const day = { date: TODAY }
      const FIGURES: [kind: string, item: object, most: Record<string, number>][] = [
        ['workouts', RUN, { duration_seconds: 604_800, distance_meters: 2_000_000, calories: 50_000 }],
        ['sleep', night, { hours: 24, quality_score: 100 }],
        ['nutrition', meal, { calories: 50_000, protein_grams: 5000, carbs_grams: 5000, fat_grams: 5000 }],
        ['daily_metrics', day, { steps: 500_000, active_calories: 50_000, resting_heart_rate: 400, hrv_ms: 1000 }],
        ['daily_metrics', day, { vo2_max: 150, distance_meters: 2_000_000, flights_climbed: 10_000 }],
        ['daily_metrics', day, { body_fat_percentage: 100, respiratory_rate: 200, oxygen_saturation: 100 }],
        ['daily_metrics', day, { heart_rate_avg: 400 }],
      ]
      for (const [kind, item, maxima] of FIGURES) {
        for (const [field, most] of Object.entries(maxima)) {
          const items = [0, most, -1, most + 1].map((value) => ({ ...item, [field]: value }))
          const { counts, rejected } = await resultOf(user.ingest({ source: 'watch', [kind]: items }))
          expect([
            field,
            counts,
            rejected.map(({ index, code, detail }) => [index, code, detail.split(':')[0]]),
          ]).toEqual([
            field,
            { ...NO_COUNTS, [kind]: 2 },
            [
              [2, 'out_of_range', field],
              [3, 'out_of_range', field],
            ],
          ])
        }
      }
    })

    it('reports a part of what is counted, and days and times that are none or beyond 1900 to 2199', async () => {
      const user = await createUser()
      const at = (start_time: string) => ({ ...RUN, start_time })
      const batch = {
        workouts: [
          { ...RUN, duration_seconds: 1800.5 },
          at('1899-12-31T23:00:00-12:00'),
          at('2200-01-01T00:00:00+14:00'),
          at('2026-03-29T07:30Z'),
          at('2026-02-29T07:30:00Z'),
        ],
        sleep: [{ date: '1899-12-31', hours: 7 }],
        daily_metrics: [
          { date: TODAY, steps: 8000.5 },
          { date: TODAY, flights_climbed: 0.5 },
        ],
      }
      const { counts, rejected } = await resultOf(user.ingest({ source: 'watch', ...batch }))
      expect([counts, rejected.map(({ kind, code, detail }) => [kind, code, detail.split(':')[0]])]).toEqual([
        NO_COUNTS,
        [
          ['workouts', 'wrong_type', 'duration_seconds'],
          ['workouts', 'invalid_value', 'start_time'],
          ['workouts', 'invalid_value', 'start_time'],
          ['workouts', 'invalid_format', 'start_time'],
          ['workouts', 'invalid_format', 'start_time'],
          ['sleep', 'invalid_value', 'date'],
          ['daily_metrics', 'wrong_type', 'steps'],
          ['daily_metrics', 'wrong_type', 'flights_climbed'],
        ],
      ])
    })

    it('takes texts of their greatest length, and reports longer ones and blanks', async () => {
      const user = await createUser()
      const named = (original_id: string, activity_type: string) => ({ ...RUN, original_id, activity_type })
      const workouts = [
        named('x'.repeat(200), 'y'.repeat(64)),
        named('x'.repeat(201), 'run'),
        named('a', 'y'.repeat(65)),
        named('', ' '),
      ]
      const { counts, rejected } = await resultOf(user.ingest({ source: 's'.repeat(64), workouts }))
      expect([counts.workouts, rejected.map(({ index, code }) => [index, code])]).toEqual([
        1,
        [
          [1, 'out_of_range'],
          [2, 'out_of_range'],
          [3, 'out_of_range'],
        ],
      ])
      expect(await faultyFields(await user.ingest({ source: 's'.repeat(65), workouts }))).toEqual(['source'])
    })

    it('takes null for what was not sent, as a field and as a kind, and a day of nothing else for none', async () => {
      const user = await createUser()
      const nothing = { steps: null, active_calories: null, resting_heart_rate: null, hrv_ms: null, vo2_max: null }
      const batch = {
        workouts: [{ ...RUN, distance_meters: null }],
        sleep: [{ date: TODAY, hours: 7, quality_score: null }],
        nutrition: [{ date: TODAY, calories: 2100, protein_grams: null, carbs_grams: null, fat_grams: null }],
        weight: null,
        daily_metrics: [
          { date: TODAY, ...nothing },
          { date: TODAY, ...nothing, steps: 8000 },
        ],
      }
      const { counts, rejected } = await resultOf(user.ingest({ source: 'watch', ...batch }))
      expect([counts, rejected]).toEqual([
        { ...NO_COUNTS, workouts: 1, sleep: 1, nutrition: 1, daily_metrics: 1 },
        [{ index: 0, kind: 'daily_metrics', code: 'invalid_value', detail: 'must have at least one metric' }],
      ])
    })

    it('reports weights that nobody has, and takes the least and the most', async () => {
      const user = await createUser()
      const numbers = '[1e-320, 0.0999, 0.1, 1000, 1000.1, 1e308, 1e999, -0]'
      const weight = numbers.replace(/[^[\], ]+/g, (number) => `{"date":"${TODAY}","weight_kg":${number}}`)
      const body = await resultOf(user.post('/health/ingest', `{"source":"scale","weight":${weight}}`))
      expect(body.rejected.map(({ index, code, detail }) => [index, code, detail.split(':')[0]])).toEqual([
        [0, 'out_of_range', 'weight_kg'],
        [1, 'out_of_range', 'weight_kg'],
        [4, 'out_of_range', 'weight_kg'],
        [5, 'out_of_range', 'weight_kg'],
        [6, 'wrong_type', 'weight_kg'],
        [7, 'out_of_range', 'weight_kg'],
      ])
      expect((await summaryOf(user)).weight_kg).toBe(1000)
    })

    it('reports or stores an item that is nested as deeply as its size allows', async () => {
      const user = await createUser()
      const deep = '['.repeat(200_000) + ']'.repeat(200_000)
      const night = `{"date":"${TODAY}","hours":7,"unknown":${deep}}`
      const body = `{"source":"watch","sleep":[${night},${deep}]}`
      for (const headers of [{}, { 'idempotency-key': 'deep' }]) {
        const { counts, rejected } = await resultOf(user.post('/health/ingest', body, headers))
        expect([counts.sleep, rejected.map(({ index, code }) => [index, code])]).toEqual([1, [[1, 'wrong_type']]])
      }
    })

    it('takes 500 items and refuses 501', async () => {
      const user = await createUser()
      const workouts = Array.from({ length: 500 }, (_, index) => ({ ...RUN, original_id: `run-${index}` }))
      const full = await user.ingest({ source: 'watch', workouts })
      expect([full.status, (await resultOf(full)).counts.workouts]).toEqual([200, 500])
      const over = await user.ingest({ source: 'watch', workouts, weight: [{ date: TODAY, weight_kg: 78 }] })
      expect(over.status).toBe(400)
      expect(await over.json()).toMatchObject({
        errors: [{ field: 'items', detail: 'must be at most 500, received 501' }],
      })
    })

    it('takes 500 of a kind on one day, over all sources, and refuses what would be more, storing nothing of it', async () => {
      const user = await createUser()
      const workouts = Array.from({ length: 500 }, (_, index) => ({ ...RUN, original_id: `run-${index}` }))
      expect((await user.ingest({ source: 'watch', workouts })).status).toBe(200)
      const over = await user.ingest({ source: 'phone', workouts: [RUN], sleep: [{ date: TODAY, hours: 7 }] })
      expect([over.status, await over.json()]).toMatchObject([
        400,
        { errors: [{ field: 'workouts', detail: `must be at most 500 on one day, over all sources: ${TODAY}` }] },
      ])
      expect(await summaryOf(user)).toMatchObject({ sleep_hours: null })
      expect((await (await createUser()).ingest({ source: 'phone', workouts: [RUN] })).status).toBe(200)
      // What replaces, or belongs to another day, is taken.
      expect((await user.ingest({ source: 'watch', workouts: [{ ...RUN, original_id: 'run-7' }] })).status).toBe(200)
      const before = { ...RUN, start_time: '2026-03-28T07:00:00Z' }
      expect((await user.ingest({ source: 'phone', workouts: [before] })).status).toBe(200)
      const moved = { ...RUN, original_id: 'run-8', start_time: '2026-03-28T07:00:00Z' }
      expect((await user.ingest({ source: 'watch', workouts: [moved] })).status).toBe(200)
      expect((await user.ingest({ source: 'phone', workouts: [RUN] })).status).toBe(200)
    })

    it('takes 500 of each other kind on one day, too, of as many sources, and then only what replaces one', async () => {
      const [user, other] = [await createUser(), await createUser()]
      const figures = { sleep: 'hours', nutrition: 'calories', weight: 'weight_kg', daily_metrics: 'steps' }
      const batchOf = (date: string) =>
        Object.fromEntries(Object.entries(figures).map(([kind, figure]) => [kind, [{ date, [figure]: 7 }]]))
      for (const [kind, figure] of Object.entries(figures)) {
        await current().database.db.execute(
          sql`insert into ${sql.identifier(kind)} (user_id, source, date, ${sql.identifier(figure)})
            select ${user.userId}::uuid, 'source ' || nth, ${TODAY}::date, 8 from generate_series(1, 500) nth`,
        )
      }
      const over = await user.ingest({ source: 'one more', ...batchOf(TODAY) })
      const { errors } = z
        .object({ errors: z.array(z.object({ field: z.string(), detail: z.string() })) })
        .parse(await over.json())
      const detail = `must be at most 500 on one day, over all sources: ${TODAY}`
      expect(over.status).toBe(400)
      expect(new Map(errors.map((error) => [error.field, error.detail]))).toEqual(
        new Map(Object.keys(figures).map((kind) => [kind, detail])),
      )
      expect((await user.ingest({ source: 'source 500', ...batchOf(TODAY) })).status).toBe(200)
      expect((await user.ingest({ source: 'one more', ...batchOf('2026-03-28') })).status).toBe(200)
      expect((await other.ingest({ source: 'one more', ...batchOf(TODAY) })).status).toBe(200)
    })

    it('takes what replaces a workout of a day that a change of timezone filled beyond 500, and no other', async () => {
      const user = await createUser()
      const lastNight = { ...RUN, original_id: 'late', start_time: '2026-03-28T23:30:00Z' }
      const workouts = Array.from({ length: 500 }, (_, index) => ({ ...RUN, original_id: `run-${index}` }))
      const statusOf = async (...items: object[]) => (await user.ingest({ source: 'watch', workouts: items })).status
      expect([await statusOf(...workouts), await statusOf(lastNight)]).toEqual([200, 200])
      await user.patch('/users/me/preferences', { timezone: 'Europe/Berlin' })
      const before = { ...RUN, start_time: '2026-03-28T07:00:00Z' }
      const other = { ...RUN, original_id: 'other' }
      const again = { ...RUN, original_id: 'run-7', calories: 1 }
      expect(await statusOf(again, again, lastNight)).toBe(200)
      expect(await statusOf(lastNight, other)).toBe(400)
      // As many leave the day as come to it, and then one more than come.
      expect(await statusOf({ ...before, original_id: 'run-8' }, other)).toBe(200)
      expect(await statusOf({ ...before, original_id: 'run-9' })).toBe(200)
      expect(await statusOf({ ...RUN, original_id: 'one more' })).toBe(400)
    })

    it.each([
      ['{"source":', 'body'],
      ['[]', 'body'],
      ['', 'body'],
      ['{"sleep":[]}', 'source'],
      ['{"source":""}', 'source'],
      ['{"source":" \u00a0"}', 'source'],
      ['{"source":"watch","sleep":{}}', 'sleep'],
      ['{"source":"watch","sleeps":[]}', 'sleeps'],
    ])('refuses the body %j with 400 and names %s', async (body, field) => {
      const user = await createUser()
      const response = await user.post('/health/ingest', body)
      expect([response.status, response.headers.get('content-type')]).toEqual([400, 'application/problem+json'])
      expect(await faultyFields(response)).toEqual([field])
    })

    it('refuses another media type with 415', async () => {
      const { request } = current().harness
      const { token } = await createUser()
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'text/plain' }
      expect((await request('/api/v1/health/ingest', { method: 'POST', headers, body: '{}' })).status).toBe(415)
    })

    it('refuses more than 1 MiB with 413, also when the length is not announced', async () => {
      const { request } = current().harness
      const { token } = await createUser()
      const chunk = new Uint8Array(65_536).fill(32)
      let sent = 0
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          sent += 1
          controller.enqueue(chunk)
          if (sent === 20) controller.close()
        },
      })
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
      expect((await request('/api/v1/health/ingest', init)).status).toBe(413)
      expect(sent).toBeLessThan(20)
      const announced = { ...headers, 'content-length': '1048577' }
      const known = await request('/api/v1/health/ingest', { method: 'POST', headers: announced, body: '{}' })
      expect(known.status).toBe(413)
    })
  })
}
