import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { Current } from './api-suite.ts'
import { cacheStatus, dayOf, faultyFields, resultOf, TODAY } from './harness.ts'

const NO_COUNTS = { workouts: 0, sleep: 0, nutrition: 0, weight: 0, daily_metrics: 0 }
const RUN = {
  original_id: 'run-1',
  activity_type: 'running',
  duration_seconds: 1800,
  distance_meters: 5000,
  calories: 320,
  start_time: `${TODAY}T07:00:00Z`,
}
const A_TIME = 'must be a time with seconds and offset such as 2026-01-31T07:30:00+01:00'
const FULL = {
  source: 'watch',
  workouts: [RUN],
  sleep: [{ date: TODAY, hours: 7.5, quality_score: 81 }],
  nutrition: [{ date: TODAY, calories: 2100, protein_grams: 100, carbs_grams: 240, fat_grams: 70 }],
  weight: [{ date: TODAY, weight_kg: 78.4 }],
  daily_metrics: [{ date: TODAY, steps: 8000, active_calories: 500 }],
}
const FULL_SUMMARY = {
  date: TODAY,
  steps: 8000,
  calories_consumed: 2100,
  calories_burned: 500,
  workouts_count: 1,
  sleep_hours: 7.5,
  weight_kg: 78.4,
}

/** Columns that each driver gives as it likes; the days and times of the answers are tested below. */
const DATES = ['date', 'local_date', 'start_time', 'updated_at']

export function describeIngest(current: Current): void {
  const createUser = () => current().harness.createUser()
  const summaryOf = async (user: Awaited<ReturnType<typeof createUser>>, date = TODAY) =>
    dayOf(user.get(`/analytics/daily-summary?date=${date}`))
  const outboxRows = async () => {
    const { db } = current().database
    return db.query.invalidationOutbox.findMany({ columns: { tags: true } })
  }

  describe('POST ingest', () => {
    it('stores every kind', async () => {
      const user = await createUser()
      const response = await user.ingest(FULL)
      expect([response.status, await response.json()]).toEqual([
        200,
        {
          success: true,
          message: '5 items stored',
          counts: { workouts: 1, sleep: 1, nutrition: 1, weight: 1, daily_metrics: 1 },
          affected_dates: [TODAY],
          rejected: [],
        },
      ])
      expect(await summaryOf(user)).toEqual(FULL_SUMMARY)
      expect(await outboxRows()).toEqual([])
    })

    it('stores each field of each kind in the column of its name', async () => {
      const user = await createUser()
      const metrics = {
        steps: 8000,
        active_calories: 501.5,
        resting_heart_rate: 52,
        hrv_ms: 61,
        vo2_max: 47.5,
        distance_meters: 6200,
        flights_climbed: 9,
        body_fat_percentage: 18.25,
        respiratory_rate: 14.5,
        oxygen_saturation: 97,
        heart_rate_avg: 71,
      }
      const items = {
        workouts: FULL.workouts,
        sleep: FULL.sleep,
        nutrition: FULL.nutrition,
        weight: FULL.weight,
        daily_metrics: [{ date: TODAY, ...metrics }],
      }
      await user.ingest({ ...FULL, daily_metrics: items.daily_metrics })
      for (const [table, [item]] of Object.entries(items)) {
        const { rows } = Object(
          await current().database.db.execute(
            sql`select * from ${sql.identifier(table)} where user_id = ${user.userId}`,
          ),
        )
        const stored = Object.entries(rows[0]).filter(([name]) => !DATES.includes(name))
        const sent = Object.entries({ user_id: user.userId, source: 'watch', ...item })
        expect([table, rows.length, Object.fromEntries(stored)]).toEqual([
          table,
          1,
          Object.fromEntries(sent.filter(([name]) => !DATES.includes(name))),
        ])
      }
    })

    it('changes nothing when the same batch comes twice', async () => {
      const user = await createUser()
      const first = await resultOf(user.ingest(FULL))
      const second = await resultOf(user.ingest(FULL))
      expect(second).toEqual(first)
      expect(await summaryOf(user)).toEqual(FULL_SUMMARY)
    })

    it('reports a bad item without its value and stores the rest', async () => {
      const user = await createUser()
      const response = await user.ingest({
        source: 'watch',
        sleep: [
          { date: TODAY, hours: 7.25 },
          { date: TODAY, hours: 77.77 },
          { date: '2026-02-30', hours: 7 },
        ],
        workouts: [{ ...RUN, start_time: '2026-03-29T07:00:00' }, 'run', { ...RUN, original_id: 'a\u0000b' }],
        daily_metrics: [{ date: TODAY }, { date: TODAY, steps: 'many' }],
      })
      const body = await resultOf(response)
      expect([response.status, body.success, body.message]).toEqual([200, true, '1 item stored, 7 items rejected'])
      expect(body.counts).toEqual({ ...NO_COUNTS, sleep: 1 })
      expect(body.rejected).toEqual([
        { index: 0, kind: 'workouts', code: 'invalid_format', detail: `start_time: ${A_TIME}` },
        { index: 1, kind: 'workouts', code: 'wrong_type', detail: 'Invalid input: expected object, received string' },
        { index: 2, kind: 'workouts', code: 'invalid_value', detail: 'original_id: must not have control characters' },
        { index: 1, kind: 'sleep', code: 'out_of_range', detail: 'hours: Too big: expected number to be <=24' },
        { index: 2, kind: 'sleep', code: 'invalid_format', detail: 'date: must be a day such as 2026-01-31' },
        { index: 0, kind: 'daily_metrics', code: 'invalid_value', detail: 'must have at least one metric' },
        {
          index: 1,
          kind: 'daily_metrics',
          code: 'wrong_type',
          detail: 'steps: Invalid input: expected number, received string',
        },
      ])
      expect(JSON.stringify(body)).not.toContain('77.77')
      expect((await summaryOf(user)).sleep_hours).toBe(7.25)
    })

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

    it('says that nothing succeeded when every item is bad, and touches nothing', async () => {
      const user = await createUser()
      await summaryOf(user)
      const body = await resultOf(user.ingest({ source: 'watch', weight: [{ date: TODAY, weight_kg: 0 }] }))
      expect([body.success, body.counts, body.affected_dates]).toEqual([false, NO_COUNTS, []])
      expect(cacheStatus(await user.get(`/analytics/daily-summary?date=${TODAY}`))).toBe('hit')
    })

    it('lets the last of two items for one day win, and joins the fields of daily metrics', async () => {
      const user = await createUser()
      await user.ingest({
        source: 'watch',
        sleep: [
          { date: TODAY, hours: 6 },
          { date: TODAY, hours: 8 },
        ],
        daily_metrics: [
          { date: TODAY, steps: 100, active_calories: 50 },
          { date: TODAY, steps: 200, active_calories: null },
        ],
      })
      await user.ingest({ source: 'watch', daily_metrics: [{ date: TODAY, flights_climbed: 3 }] })
      const { steps, calories_burned, sleep_hours } = await summaryOf(user)
      expect({ steps, calories_burned, sleep_hours }).toEqual({ steps: 200, calories_burned: 50, sleep_hours: 8 })
    })

    it('refreshes both days when a workout moves to another day', async () => {
      const user = await createUser()
      await user.ingest({ source: 'watch', workouts: [RUN] })
      expect((await summaryOf(user)).workouts_count).toBe(1)
      const moved = await user.ingest({ source: 'watch', workouts: [{ ...RUN, start_time: '2026-03-28T07:00:00Z' }] })
      expect((await resultOf(moved)).affected_dates).toEqual(['2026-03-28', '2026-03-29'])
      const counts = [await summaryOf(user), await summaryOf(user, '2026-03-28')].map((day) => day.workouts_count)
      expect(counts).toEqual([0, 1])
    })

    it('puts a workout on the day that it was where the user lives', async () => {
      const user = await createUser()
      const patched = await user.patch('/users/me/preferences', { timezone: 'America/St_Johns' })
      expect([patched.status, await patched.json()]).toMatchObject([200, { timezone: 'America/St_Johns' }])
      const late = { ...RUN, start_time: '2026-03-29T02:00:00Z' }
      const body = await resultOf(user.ingest({ source: 'watch', workouts: [late] }))
      expect(body.affected_dates).toEqual(['2026-03-28'])
      await user.patch('/users/me/preferences', { timezone: 'UTC' })
      const counts = [await summaryOf(user), await summaryOf(user, '2026-03-28')].map((day) => day.workouts_count)
      expect(counts).toEqual([1, 0])
    })

    it('keeps the rows of two users with the same source and id apart', async () => {
      const [ana, ben] = [await createUser(), await createUser()]
      await ana.ingest({ source: 'watch', workouts: [RUN] })
      await ben.ingest({ source: 'watch', workouts: [{ ...RUN, distance_meters: 762 }] })
      expect([(await summaryOf(ana)).steps, (await summaryOf(ben)).steps]).toEqual([6562, 1000])
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
      // What replaces, or belongs to another day, is taken.
      expect((await user.ingest({ source: 'watch', workouts: [{ ...RUN, original_id: 'run-7' }] })).status).toBe(200)
      const before = { ...RUN, start_time: '2026-03-28T07:00:00Z' }
      expect((await user.ingest({ source: 'phone', workouts: [before] })).status).toBe(200)
      const moved = { ...RUN, original_id: 'run-8', start_time: '2026-03-28T07:00:00Z' }
      expect((await user.ingest({ source: 'watch', workouts: [moved] })).status).toBe(200)
      expect((await user.ingest({ source: 'phone', workouts: [RUN] })).status).toBe(200)
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
      expect(await statusOf({ ...RUN, original_id: 'run-7', calories: 1 }, lastNight)).toBe(200)
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
