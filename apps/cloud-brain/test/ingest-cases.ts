import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { Current } from './api-suite.ts'
import { cacheStatus, dayOf, resultOf, TODAY } from './harness.ts'
import { NO_COUNTS, RUN } from './ingest-items.ts'

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

    it('says that nothing succeeded when every item is bad, and touches nothing', async () => {
      const user = await createUser()
      await summaryOf(user)
      const body = await resultOf(user.ingest({ source: 'watch', weight: [{ date: TODAY, weight_kg: 0 }] }))
      expect([body.success, body.counts, body.affected_dates]).toEqual([false, NO_COUNTS, []])
      expect(cacheStatus(await user.get(`/analytics/daily-summary?date=${TODAY}`))).toBe('hit')
    })

    it('lets the last of two items for one day win, in one batch and in two, and joins the fields of daily metrics', async () => {
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
      const later = { steps: 300, active_calories: null }
      await user.ingest({
        source: 'watch',
        daily_metrics: [{ date: TODAY, ...later }],
        sleep: [{ date: TODAY, hours: 9 }],
      })
      expect(await summaryOf(user)).toMatchObject({ steps: 300, calories_burned: 50, sleep_hours: 9 })
    })

    it('forgets what an item had said when it comes again without it', async () => {
      const user = await createUser()
      const meal = { date: TODAY, calories: 2100 }
      await user.ingest({ ...FULL, sleep: [...FULL.sleep, { date: TODAY, hours: 8 }] })
      await user.ingest({ source: 'watch', nutrition: [meal], workouts: [{ ...RUN, distance_meters: null }] })
      const { rows } = Object(
        await current().database.db.execute(
          sql`select quality_score, protein_grams, distance_meters
            from sleep join nutrition using (user_id) join workouts using (user_id) where user_id = ${user.userId}`,
        ),
      )
      expect(rows).toEqual([{ quality_score: null, protein_grams: null, distance_meters: null }])
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

    it('names the days of the items of every kind, and none of what another user or source calls the same', async () => {
      const [ana, ben] = [await createUser(), await createUser()]
      const day = (nth: number) => `2026-03-0${nth}`
      const run = (nth: number) => ({ ...RUN, start_time: `${day(nth)}T07:00:00Z` })
      await ana.ingest({ source: 'watch', workouts: [run(7)] })
      await ben.ingest({ source: 'phone', workouts: [run(8)] })
      const { affected_dates } = await resultOf(
        ben.ingest({
          source: 'watch',
          daily_metrics: [{ date: day(1), steps: 1 }],
          weight: [{ date: day(2), weight_kg: 78 }],
          nutrition: [{ date: day(3), calories: 2100 }],
          sleep: [{ date: day(4), hours: 7 }],
          workouts: [run(5)],
        }),
      )
      expect(affected_dates).toEqual([1, 2, 3, 4, 5].map(day))
    })
  })
}
