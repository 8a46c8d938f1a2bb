import { disabled } from 'millpond'
import { describe, expect, it } from 'vitest'
import { METRICS } from '../src/analytics/trend.ts'
import { addDays } from '../src/local-day.ts'
import type { Current } from './api-suite.ts'
import { cacheStatus, createHarness, GENEROUS, TODAY } from './harness.ts'
import { connectStrava } from './strava.ts'

/** One cached answer, and what it is made of: the days back from `end`, the goals, or what the user chose. */
type Answer = {
  path: string
  end?: string
  days?: number
  goals?: true
  preferences?: true
  profile?: true
  strava?: true
}

const ago = (days: number) => addDays(TODAY, -days)
const analytics = (path: string, rest: Omit<Answer, 'path'>): Answer => ({ path: `/analytics${path}`, ...rest })

/** Every cached route with many parameters. A route that is missing here fails a test below. */
const ANSWERS: readonly Answer[] = [
  ...[0, 1, 40].map((back) => analytics(`/daily-summary?date=${ago(back)}`, { end: ago(back), days: 1 })),
  ...[0, 3, 40].map((back) => analytics(`/weekly-trends?end=${ago(back)}`, { end: ago(back), days: 7 })),
  ...[
    [7, 0, 0],
    [30, 0, 0],
    [30, 2, 0],
    [30, 0, 5],
    [365, 7, 0],
  ].map(([days = 0, lag, back = 0]) =>
    analytics(`/correlation/sleep-activity?end=${ago(back)}&days=${days}&lag=${lag}`, { end: ago(back), days }),
  ),
  ...METRICS.map((metric) => analytics(`/trend/${metric}?end=${TODAY}`, { end: TODAY, days: 14 })),
  ...[3, 30].map((size) => analytics(`/trend/steps?end=${TODAY}&window_size=${size}`, { end: TODAY, days: size * 2 })),
  analytics(`/trend/steps?end=${ago(20)}&window_size=5`, { end: ago(20), days: 10 }),
  ...[0, 1].flatMap((back) =>
    (
      [
        ['/goals', {}],
        ['/dashboard-insight', { preferences: true }],
      ] as const
    ).map(([path, rest]) =>
      analytics(`${path}?date=${ago(back)}`, { end: ago(back), days: 371, goals: true, ...rest }),
    ),
  ),
  { path: '/users/me/preferences', preferences: true },
  { path: '/users/me/profile', profile: true },
  { path: '/integrations/strava/status', strava: true },
]

type User = Awaited<ReturnType<ReturnType<typeof createHarness>['createUser']>>
type Writer = {
  name: string
  write(user: User): Promise<Response>
  days?: readonly string[]
  goals?: true
  /** What the writer itself reads again after the write. */
  warms?: string
  all?: true
  preferences?: true
  profile?: true
  strava?: true
}

const run = (date: string) => ({
  source: 'watch',
  workouts: [
    {
      original_id: 'run-1',
      activity_type: 'running',
      duration_seconds: 1800,
      distance_meters: 5000,
      calories: 320,
      start_time: `${date}T03:00:00Z`,
    },
  ],
})

/** Everything that changes a user's data, in an order in which each changes something. */
const WRITERS: readonly Writer[] = [
  ...[0, 7, 64, 371].flatMap((back): Writer[] => [
    {
      name: `steps ${back} days ago`,
      days: [ago(back)],
      write: (user) => user.ingest({ source: 'watch', daily_metrics: [{ date: ago(back), steps: 4000 + back }] }),
    },
  ]),
  {
    name: 'sleep, food and weight on two days',
    days: [ago(2), ago(12)],
    write: (user) =>
      user.ingest({
        source: 'phone',
        sleep: [{ date: ago(2), hours: 6 }],
        nutrition: [{ date: ago(12), calories: 2000 }],
        weight: [{ date: ago(12), weight_kg: 80 }],
      }),
  },
  { name: 'a workout', days: [ago(3)], write: (user) => user.ingest(run(ago(3))) },
  { name: 'the workout on another day', days: [ago(3), ago(9)], write: (user) => user.ingest(run(ago(9))) },
  {
    name: 'a day after today',
    days: [ago(-1)],
    write: (user) => user.ingest({ source: 'watch', sleep: [{ date: ago(-1), hours: 5 }] }),
  },
  {
    name: 'a goal',
    goals: true,
    warms: `/analytics/goals?date=${TODAY}`,
    write: (user) => user.post('/analytics/goals', { metric: 'steps', period: 'daily', target: 5000 }),
  },
  {
    name: 'the goal again',
    goals: true,
    warms: `/analytics/goals?date=${TODAY}`,
    write: (user) => user.post('/analytics/goals', { metric: 'steps', period: 'weekly', target: 30_000 }),
  },
  {
    name: 'units',
    preferences: true,
    write: (user) => user.patch('/users/me/preferences', { units: 'imperial' }),
  },
  { name: 'a nickname', profile: true, write: (user) => user.patch('/users/me/profile', { nickname: 'Ana' }) },
  { name: 'Strava connected', strava: true, write: connectStrava },
  { name: 'Strava disconnected', strava: true, write: (user) => user.remove('/integrations/strava/disconnect') },
  {
    name: 'a timezone',
    all: true,
    write: (user) => user.patch('/users/me/preferences', { timezone: 'America/St_Johns' }),
  },
]

/** Whether the writer touches what the answer is made of. */
function touches(writer: Writer, answer: Answer): boolean {
  const { end, days } = answer
  if (writer.all) return true
  if (writer.goals && answer.goals) return true
  if (writer.preferences && answer.preferences) return true
  if (writer.profile && answer.profile) return true
  if (writer.strava && answer.strava) return true
  if (end === undefined || days === undefined) return false
  return (writer.days ?? []).some((date) => date <= end && date > addDays(end, -days))
}

export function describeCachedRoutes(current: Current): void {
  describe('every cached route', () => {
    const open = () => {
      const parts = { ...current(), policies: GENEROUS, deadline: '10s' as const }
      return { harness: createHarness(parts), uncached: createHarness({ ...parts, cacheStore: disabled() }) }
    }
    const statusesOf = async (user: User) =>
      (await Promise.all(ANSWERS.map(({ path }) => user.get(path)))).map(cacheStatus)
    const all = (status: string) => ANSWERS.map(() => status)

    it('is among the answers of this test', async () => {
      const { harness } = open()
      const user = await harness.createUser()
      const cached = new Set<string>()
      for (const { path, method } of harness.app.routes) {
        if (method !== 'GET' || !path.startsWith('/api/v1/')) continue
        const response = await user.get(path.slice('/api/v1'.length).replace(':metric', 'steps'))
        if (response.headers.has('cache-status')) cached.add(path)
      }
      const patterns = ANSWERS.map(({ path }) => `/api/v1${path.split('?')[0]}`.replace(/trend\/\w+$/, 'trend/:metric'))
      expect([...new Set(patterns)].sort()).toEqual([...cached].sort())
    })

    it('has a key of its own for every parameter, and a hit equal to its miss byte for byte', async () => {
      const { harness, uncached } = open()
      const user = await harness.createUser()
      for (const { write } of WRITERS) expect((await write(user)).ok).toBe(true)
      const differently = uncached.withToken(user)
      for (const { path } of ANSWERS) {
        const [miss, hit, past] = [await user.get(path), await user.get(path), await differently.get(path)]
        expect([path, cacheStatus(miss), cacheStatus(hit), cacheStatus(past)]).toEqual([
          path,
          'fwd=miss',
          'hit',
          'fwd=bypass',
        ])
        const bytes = await miss.text()
        expect(await hit.text()).toBe(bytes)
        expect(await past.text()).toBe(bytes)
        expect(hit.headers.get('etag')).toBe(miss.headers.get('etag'))
        const unchanged = await user.get(path, { 'if-none-match': hit.headers.get('etag') ?? '' })
        expect([unchanged.status, await unchanged.text()]).toEqual([304, ''])
        for (const { headers } of [miss, hit, past, unchanged]) {
          expect([path, headers.get('cache-control')]).toEqual([path, expect.stringMatching(/\bprivate\b/)])
          expect([path, headers.get('x-request-id')]).toEqual([path, expect.stringMatching(/^[0-9a-f-]{36}$/)])
          expect([path, headers.has('ratelimit'), headers.has('cache-status')]).toEqual([path, true, true])
        }
      }
    })

    it('after any writer equals an uncached read, and is still a hit where the writer touched nothing of it', async () => {
      const { harness, uncached } = open()
      const [user, other] = [await harness.createUser(), await harness.createUser()]
      const past = uncached.withToken(user)
      await statusesOf(other)
      await statusesOf(user)
      for (const writer of WRITERS) {
        // What the writer before made stale was read again below.
        expect(await statusesOf(user)).toEqual(all('hit'))
        expect([writer.name, (await writer.write(user)).ok]).toEqual([writer.name, true])
        const read = async (answer: Answer) => {
          const [cached, fresh] = [await user.get(answer.path), await past.get(answer.path)]
          const { path } = answer
          const status = touches(writer, answer) && writer.warms !== path ? 'fwd=miss' : 'hit'
          return [
            { path, status: cacheStatus(cached), body: await cached.text() },
            { path, status, body: await fresh.text() },
          ] as const
        }
        const pairs = await Promise.all(ANSWERS.map(read))
        expect([writer.name, pairs.map(([seen]) => seen)]).toEqual([writer.name, pairs.map(([, due]) => due)])
      }
      expect(await statusesOf(other)).toEqual(all('hit'))
    })
  })
}
