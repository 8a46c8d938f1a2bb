/** Cloud Brain over HTTP, on PostgreSQL and Redis: every cached GET as a hit, a 304 and a miss, beside the same route with the cache off, and one beside peers. */
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { startPostgres, startRedis } from 'millpond-e2e/servers'
import pg from 'pg'
import { openDevelopmentIssuer } from '../../apps/cloud-brain/src/auth/development-issuer.ts'
import { UserId } from '../../apps/cloud-brain/src/auth/user-id.ts'
import { systemClock } from '../../apps/cloud-brain/src/clock.ts'
import { generateDemoDays } from '../../apps/cloud-brain/src/demo/generate.ts'
import { addDays, toLocalDay } from '../../apps/cloud-brain/src/local-day.ts'
import {
  arrivalMeasures,
  type Contender,
  compareArrivals,
  compareRates,
  costMeasures,
  countCost,
  type Row,
  rateMeasures,
  readOptions,
  writeResults,
} from '../harness/index.ts'
import { createGetPool, toGet } from './http-get.ts'

const options = readOptions()
const CALLERS = 32
const ARRIVALS_PER_SECOND = 300
const USERS = 32
const DAYS = 400
const today = toLocalDay(new Date(), 'UTC')

/** What every user has rows in. */
const TABLES = [
  'workouts',
  'sleep',
  'nutrition',
  'weight',
  'daily_metrics',
  'goals',
  'user_preferences',
  'strava_connections',
]

/** The cached GETs. Where the day is not part of the address, a miss would need a write before it. */
const ROUTES: readonly { name: string; toPath: (day: string) => string; hasDay: boolean }[] = [
  { name: 'daily-summary', toPath: (day) => `/analytics/daily-summary?date=${day}`, hasDay: true },
  { name: 'weekly-trends', toPath: (day) => `/analytics/weekly-trends?end=${day}`, hasDay: true },
  {
    name: 'correlation, 90 days',
    toPath: (day) => `/analytics/correlation/sleep-activity?days=90&end=${day}`,
    hasDay: true,
  },
  { name: 'trend', toPath: (day) => `/analytics/trend/steps?window_size=14&end=${day}`, hasDay: true },
  { name: 'goals', toPath: (day) => `/analytics/goals?date=${day}`, hasDay: true },
  { name: 'dashboard-insight', toPath: (day) => `/analytics/dashboard-insight?date=${day}`, hasDay: true },
  { name: 'preferences', toPath: () => '/users/me/preferences', hasDay: false },
  { name: 'profile', toPath: () => '/users/me/profile', hasDay: false },
  { name: 'strava status', toPath: () => '/integrations/strava/status', hasDay: false },
]

const folder = await mkdtemp(join(tmpdir(), 'bench-api-'))
const [postgres, redis] = await Promise.all([startPostgres(), startRedis()])
const postgresUrl = await postgres.createDatabase()
const child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), [postgresUrl, redis.url, folder], {
  execArgv: ['--import', 'tsx'],
})
const [{ ports }] = (await once(child, 'message')) as [{ ports: Record<'cached' | 'local' | 'off', number> }]
const watcher = new Redis(redis.url)
const pools = { cached: createGetPool(ports.cached), local: createGetPool(ports.local), off: createGetPool(ports.off) }

const users = Array.from({ length: USERS }, () => UserId.parse(randomUUID()))
const issuer = await openDevelopmentIssuer(folder, systemClock)
const tokens = await Promise.all(users.map((user) => issuer.mint(user, { email: 'bench@cloud-brain.invalid' })))
const tokenOf = (index: number) => tokens[index % USERS] ?? ''

await fillDatabase()

/** Over a year of the runner for the first user, sent through the API; the others get copies of the rows. */
async function fillDatabase(): Promise<void> {
  const url = `http://127.0.0.1:${ports.cached}/api/v1`
  const send = async (method: string, path: string, body: object) => {
    const headers = { authorization: `Bearer ${tokenOf(0)}`, 'content-type': 'application/json' }
    const response = await fetch(url + path, { method, headers, body: JSON.stringify(body) })
    if (!response.ok) throw new TypeError(`Cannot measure: ${path} answered ${response.status}`)
  }
  const post = (path: string, body: object) => send('POST', path, body)
  const { toBatches } = await import('../../apps/cloud-brain/src/client/batches.ts')
  const days = generateDemoDays({ seed: 1, today, days: DAYS })
  for (const batch of toBatches(
    days.flatMap(({ batches }) => batches),
    500,
  ))
    await post('/health/ingest', batch)
  await post('/analytics/goals', { metric: 'steps', period: 'daily', target: 10_000 })
  await post('/analytics/goals', { metric: 'workouts_count', period: 'weekly', target: 3 })
  // A row that is not there is found sooner than one that is.
  await send('PATCH', '/users/me/preferences', { coach_persona: 'gentle' })
  const database = new pg.Client({ connectionString: postgresUrl })
  await database.connect()
  await database.query(
    `insert into strava_connections (user_id, athlete_id, athlete_name, access_token, refresh_token, expires_at, sync_status)
     values ($1, 7, 'Bench', 'sealed', 'sealed', now(), 'ok')`,
    [users[0]],
  )
  for (const table of TABLES) {
    const { rows } = await database.query(
      `select string_agg(quote_ident(column_name), ', ') as names from information_schema.columns
       where table_schema = 'public' and table_name = $1 and column_name <> 'user_id'`,
      [table],
    )
    const names: string = rows[0].names
    await database.query(
      `insert into ${table} (user_id, ${names}) select other, ${names} from ${table}, unnest($1::uuid[]) as other`,
      [users.slice(1)],
    )
  }
  await database.query('analyze')
  await database.end()
}

/** Days that nobody has asked for yet, for misses: from the year 1950 on. */
let unseen = 0
const unseenDay = () => addDays('1950-01-01', unseen++)

async function etagsOf(path: string): Promise<string[]> {
  return Promise.all(
    tokens.map(async (token) => {
      const response = await fetch(`http://127.0.0.1:${ports.cached}${path}`, {
        headers: { authorization: `Bearer ${token}` },
      })
      return response.headers.get('etag') ?? ''
    }),
  )
}

async function contendersOf({ toPath, hasDay }: (typeof ROUTES)[number]): Promise<Contender[]> {
  const path = `/api/v1${toPath(today)}`
  const requests = tokens.map((token) => toGet(path, token))
  const etags = await etagsOf(path)
  const unchanged = tokens.map((token, index) => toGet(path, token, etags[index]))
  const warm = (pool: keyof typeof pools) => async () => {
    await Promise.all(requests.map((request) => pools[pool].get(request, 200)))
  }
  const ask = (pool: keyof typeof pools, list: readonly Buffer[], status: number) => (index: number) =>
    pools[pool].get(list[index % USERS] ?? Buffer.alloc(0), status)
  const miss: Contender = {
    name: 'miss',
    run: (index) => pools.cached.get(toGet(`/api/v1${toPath(unseenDay())}`, tokenOf(index)), 200),
  }
  const constants = tokens.map((token) => toGet('/api/v1/constant', token))
  const constant: Contender = { name: 'a constant', run: ask('cached', constants, 200) }
  return [
    { name: 'cache off', run: ask('off', requests, 200), prepare: warm('off') },
    { name: 'hit', run: ask('cached', requests, 200), prepare: warm('cached') },
    { name: '304', run: ask('cached', unchanged, 304), prepare: warm('cached') },
    { name: 'hit, local tier 1 s', run: ask('local', requests, 200), prepare: warm('local') },
    hasDay ? miss : constant,
  ]
}

/** One route, cached by others in the same application. */
function peersOf(): Contender[] {
  const path = `/api/v1/analytics/daily-summary?date=${today}`
  const peer = (name: string, target: string): Contender => {
    const requests = tokens.map((token) => toGet(target, token))
    return {
      name,
      run: (index) => pools.cached.get(requests[index % USERS] ?? Buffer.alloc(0), 200),
      prepare: async () => {
        await Promise.all(requests.map((request) => pools.cached.get(request, 200)))
      },
    }
  }
  return [
    { ...peer('cache off', path), run: (index) => pools.off.get(toGet(path, tokenOf(index)), 200) },
    peer('millpond', path),
    peer('bentocache, no tags', `/api/v1/peers/bentocache?date=${today}`),
    peer('bentocache, 2 tags', `/api/v1/peers/bentocache-tags?date=${today}`),
    peer('cacheable', `/api/v1/peers/cacheable?date=${today}`),
  ]
}

const isWanted = (name: string) => options.only === undefined || name.includes(options.only)
const routes = ROUTES.filter(({ name }) => isWanted(name))

const rates: Row[] = []
for (const route of routes) {
  const contenders = await contendersOf(route)
  rates.push(
    ...(await compareRates(contenders, { ...options, concurrency: CALLERS, group: route.name, ceiling: 'cache off' })),
  )
}
const peerRates = await compareRates(peersOf(), {
  ...options,
  concurrency: CALLERS,
  group: 'daily-summary',
  ceiling: 'cache off',
})

/** One request at a time, each counted by Redis. */
async function costsOf(contenders: readonly Contender[], group: string): Promise<Row[]> {
  const rows: Row[] = []
  for (const { name, run, prepare } of contenders) {
    await prepare?.()
    for (let index = 0; index < USERS; index += 1) await run(index)
    const { commands, roundTrips, bytesIn, bytesOut } = await countCost(
      watcher,
      async () => {
        for (let index = 0; index < USERS; index += 1) await run(index)
      },
      USERS,
    )
    rows.push({ contender: name, group, values: { commands, roundTrips, bytesIn, bytesOut } })
  }
  return rows
}
const [first] = ROUTES
const costs = first ? await costsOf(await contendersOf(first), first.name) : []
costs.push(...(await costsOf(peersOf().slice(2), 'daily-summary')))

/** Under the same load: how late the answers are, and how late the event loop of the server was. */
async function underLoad(): Promise<Row[]> {
  const rows: Row[] = []
  const insight = ROUTES.find(({ name }) => name === 'dashboard-insight')
  if (!insight) return rows
  for (const contender of (await contendersOf(insight)).filter(({ name }) => name !== '304')) {
    await contender.prepare?.()
    child.send('watch')
    const [row] = await compareArrivals([contender], {
      rounds: 1,
      durationMs: options.quick ? 1500 : 5000,
      perSecond: ARRIVALS_PER_SECOND,
      group: `dashboard-insight, ${ARRIVALS_PER_SECOND}/s`,
    })
    child.send('tell')
    const [delay] = (await once(child, 'message')) as [{ p50Ms: number; p99Ms: number }]
    if (row) rows.push({ ...row, values: { ...row.values, loopP50Ms: delay.p50Ms, loopP99Ms: delay.p99Ms } })
  }
  return rows
}
const loaded = await underLoad()

await writeResults('api', {
  title: 'Cloud Brain on PostgreSQL and Redis',
  options,
  redis: watcher,
  notes: [
    `${USERS} users with ${DAYS} days of data each; ${CALLERS} callers over HTTP; the server is one process. Every request has its token verified and two limits asked.`,
    'The peers have the same handler and limits, ask the limits before the cache, and give no ETag.',
  ],
  tables: [
    {
      id: 'api-routes',
      title: 'Every cached GET',
      note: 'Ratios are to the same route with the cache off. A miss loads, takes the lease and fills. A constant is a text that is there already, behind the same verification and limits: no cache is faster.',
      ceiling: 'cache off',
      measures: rateMeasures,
      rows: rates,
    },
    {
      id: 'api-peers',
      title: 'One route cached by others, from Redis',
      note: 'The same handler in the same application. Without tags bentocache and cacheable cannot be invalidated by day.',
      ceiling: 'cache off',
      measures: rateMeasures,
      rows: peerRates,
    },
    {
      id: 'api-cost',
      title: 'What one request costs Redis',
      note: 'Limits included: one EVALSHA with TIME, GET and SET inside.',
      measures: costMeasures,
      rows: costs,
    },
    {
      id: 'api-load',
      title: 'Latency and event-loop delay at a constant rate',
      measures: [
        ...arrivalMeasures,
        { key: 'loopP50Ms', title: 'loop delay p50', unit: 'ms', better: 'lower' },
        { key: 'loopP99Ms', title: 'loop delay p99', unit: 'ms', better: 'lower', plot: true },
      ],
      rows: loaded,
    },
  ],
})

for (const pool of Object.values(pools)) pool.close()
child.disconnect()
await once(child, 'exit')
watcher.disconnect()
await Promise.all([postgres.stop(), redis.stop()])
await rm(folder, { recursive: true, force: true })
