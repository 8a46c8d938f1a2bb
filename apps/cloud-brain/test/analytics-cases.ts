import { describe, expect, it } from 'vitest'
import { addDays } from '../src/local-day.ts'
import type { Current } from './api-suite.ts'
import { faultyFields, TODAY } from './harness.ts'

const ago = (days: number) => addDays(TODAY, -days)

export function describeAnalytics(current: Current): void {
  const createUser = () => current().harness.createUser()

  describe('analytics', () => {
    it('GET correlation, trend and dashboard-insight answer from what was ingested', async () => {
      const user = await createUser()
      const days = Array.from({ length: 14 }, (_, back) => back)
      await user.ingest({
        source: 'watch',
        sleep: days.map((back) => ({ date: ago(back), hours: 8 - back / 10 })),
        daily_metrics: days.map((back) => ({ date: ago(back), steps: 8000 - back * 100 })),
      })
      expect(await (await user.get('/analytics/correlation/sleep-activity?days=14')).json()).toEqual({
        metric_x: 'sleep_hours',
        metric_y: 'steps',
        score: 1,
        message: 'A strong connection: more sleep goes with more steps on the same day',
        lag: 0,
        data_points: 14,
      })
      expect(await (await user.get('/analytics/trend/steps?window_size=7')).json()).toEqual({
        metric: 'steps',
        window_size: 7,
        trend: 'stable',
        percent_change: 10,
        recent_avg: 7700,
        previous_avg: 7000,
      })
      expect(await (await user.get('/analytics/dashboard-insight')).json()).toMatchObject({
        insight: 'Every day counts. Keep going!',
        goals: [],
        trends: [{ metric: 'steps' }, {}, {}, {}, {}, {}],
      })
    })

    it('POST goals sets one goal for each metric and answers 201 with its progress', async () => {
      const user = await createUser()
      await user.ingest({ source: 'watch', daily_metrics: [{ date: TODAY, steps: 8000 }] })
      const first = await user.post('/analytics/goals', { metric: 'steps', period: 'daily', target: 10_000 })
      const progress = {
        metric: 'steps',
        period: 'daily',
        direction: 'at_least',
        target: 10_000,
        current: 8000,
        progress_pct: 80,
        is_met: false,
        remaining: 2000,
        streak_days: 0,
      }
      expect([first.status, await first.json()]).toEqual([201, progress])
      await user.post('/analytics/goals', { metric: 'weight_kg', period: 'long_term', target: 70 })
      const again = await user.post('/analytics/goals', { metric: 'steps', period: 'daily', target: 8000 })
      const met = { ...progress, target: 8000, progress_pct: 100, is_met: true, remaining: 0, streak_days: 1 }
      expect([again.status, await again.json()]).toEqual([201, met])
      expect(await (await user.get('/analytics/goals')).json()).toMatchObject({
        date: TODAY,
        goals: [met, { metric: 'weight_kg', direction: 'at_most', current: null, remaining: null }],
      })
      const other = { metric: 'steps', period: 'weekly', direction: 'at_most', target: 70_000 }
      expect(await (await user.post('/analytics/goals', other)).json()).toMatchObject({ ...other, is_met: true })
    })

    it.each([
      ['/analytics/correlation/sleep-activity?days=6', ['days']],
      ['/analytics/correlation/sleep-activity?days=366&lag=8', ['days', 'lag']],
      ['/analytics/correlation/sleep-activity?days=7.5', ['days']],
      ['/analytics/correlation/sleep-activity?lag=', ['lag']],
      ['/analytics/trend/steps?window_size=2', ['window_size']],
      ['/analytics/trend/steps?window_size=31', ['window_size']],
      ['/analytics/trend/steps?window_size=1e1', ['window_size']],
      ['/analytics/goals?date=yesterday', ['date']],
      ['/analytics/dashboard-insight?date=2026-13-01', ['date']],
    ])('GET %s is 400 and names %j', async (path, fields) => {
      const response = await (await createUser()).get(path)
      expect([response.status, await faultyFields(response)]).toEqual([400, fields])
    })

    it('POST goals refuses a member that is misspelt rather than set another goal than was meant', async () => {
      const user = await createUser()
      const goal = { metric: 'steps', period: 'daily', target: 5000, directon: 'at_most' }
      const response = await user.post('/analytics/goals', goal)
      expect([response.status, await faultyFields(response)]).toEqual([400, ['directon']])
      expect(await (await user.get('/analytics/goals')).json()).toEqual({ date: TODAY, goals: [] })
    })

    it('GET trend of a metric that there is not is 404, and another method 405', async () => {
      const user = await createUser()
      expect((await user.get('/analytics/trend/mood')).status).toBe(404)
      expect((await user.post('/analytics/trend/steps', {})).status).toBe(405)
    })

    it('texts say weight in the units of the preferences, as soon as these change', async () => {
      const user = await createUser()
      await user.ingest({ source: 'scale', weight: [{ date: TODAY, weight_kg: 80 }] })
      await user.post('/analytics/goals', { metric: 'weight_kg', period: 'daily', target: 75 })
      const texts = async () => {
        const { insight } = (await (await user.get('/analytics/dashboard-insight')).json()) as { insight: string }
        return [insight, await (await user.post('/chat', { message: 'My weight?' })).text()]
      }
      for (const [units, above, latest] of [
        ['metric', '5 kg', '80 kg'],
        ['imperial', '11.02 lb', '176.4 lb'],
        ['metric', '5 kg', '80 kg'],
      ]) {
        expect((await user.patch('/users/me/preferences', { units })).status).toBe(200)
        const [insight, answer] = await texts()
        expect(insight).toBe(`You are at 93.7% of your goal for weight: ${above} above your target.`)
        expect(answer).toContain(`Your latest weight: ${latest} on ${TODAY};`)
        expect(answer).toContain(`{"date":"${TODAY}","metric":"weight_kg","value":80}`)
      }
    })

    it.each([
      ['steps', 'daily', 1, 500_000],
      ['calories_consumed', 'weekly', 1, 350_000],
      ['calories_burned', 'daily', 1, 50_000],
      ['workouts_count', 'long_term', 1, 182_500],
      ['sleep_hours', 'daily', 0.01, 24],
      ['weight_kg', 'long_term', 1, 1000],
    ])(
      'POST goals takes a target of %s, %s, from %d to %d, and says so of another',
      async (metric, period, low, high) => {
        const user = await createUser()
        const set = (target: number) => user.post('/analytics/goals', { metric, period, target })
        for (const target of [low, high]) expect([target, (await set(target)).status]).toEqual([target, 201])
        const words = { daily: 'daily', weekly: 'weekly', long_term: 'long-term' }[period]
        const detail = `must be from ${low} to ${high} for a ${words} goal of ${metric}`
        for (const target of [1e-320, low * 0.999, high * 1.001, -low]) {
          const response = await set(target)
          expect([target, response.status]).toEqual([target, 400])
          expect(await response.json()).toMatchObject({ errors: [{ field: 'target', detail }] })
        }
        expect(await (await user.get('/analytics/goals')).json()).toMatchObject({ goals: [{ metric, target: high }] })
      },
    )

    it('the OpenAPI document says what a target must lie between', async () => {
      const response = await current().harness.app.request('/openapi.json')
      const { components } = (await response.json()) as { components: { schemas: { GoalRequest: unknown } } }
      expect(components.schemas.GoalRequest).toMatchObject({
        properties: {
          target: {
            minimum: 0.01,
            maximum: 182_500_000,
            description: expect.stringContaining('steps 1 to 500000, calories_consumed 1 to 50000,'),
          },
        },
      })
    })

    it.each([
      [{ metric: 'steps', period: 'daily', target: 0 }, ['target']],
      [{ metric: 'mood', period: 'yearly', target: 5 }, ['metric', 'period']],
      [{}, ['metric', 'period', 'target']],
      [[], ['body']],
    ])('POST goals with %j is 400, names %j and stores nothing', async (body, fields) => {
      const user = await createUser()
      const response = await user.post('/analytics/goals', body)
      expect([response.status, await faultyFields(response)]).toEqual([400, fields])
      expect(await (await user.get('/analytics/goals')).json()).toMatchObject({ goals: [] })
    })
  })
}
