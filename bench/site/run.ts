/** The site's limited cached GET, its join and a repeated refusal: what they cost Redis and how long they take, beside the same routes as they were first written. */
import { Redis } from 'ioredis'
import { startRedis } from 'millpond-e2e/servers'
import { createServer } from 'millpond-rest'
import { countCost, median, quantile, type Row, readOptions, writeResults } from '../harness/index.ts'
import { measureNext } from './measure-next.ts'
import { createSeedRoutes } from './seed-routes.ts'
import { createSiteRoutes } from './site-routes.ts'

const options = readOptions()
const requestsEach = options.quick ? 40 : 200
const redis = await startRedis()
const rest = await createServer({ redis: redis.url })
const watcher = new Redis(redis.url)
const site = createSiteRoutes({ url: rest.url, token: rest.token })
const contenders = [
  { name: 'site', routes: site },
  { name: 'as first written', routes: createSeedRoutes({ url: rest.url, token: rest.token }) },
] as const

let visitors = 0
/** Nobody has asked before, so that no limit is reached. */
const visitor = (): string => {
  visitors += 1
  return `10.${(visitors >> 16) & 255}.${(visitors >> 8) & 255}.${visitors & 255}`
}

async function expectAllowed(allowed: Promise<boolean>): Promise<void> {
  if (!(await allowed)) throw new TypeError('Cannot measure: a request was refused')
}

type Case = { readonly name: string; prepare(nth: number): Promise<void>; run(nth: number): Promise<void> }

/** For contender `at`: a GET that hits, a join, and a GET of one who was refused a moment ago. */
function casesOf({ routes }: (typeof contenders)[number]): readonly Case[] {
  let refused = ''
  return [
    {
      name: 'limited cached GET',
      prepare: () => expectAllowed(routes.stats(visitor())),
      run: () => expectAllowed(routes.stats(visitor())),
    },
    { name: 'join', prepare: async () => {}, run: () => expectAllowed(routes.join(visitor())) },
    {
      name: 'repeated refusal',
      prepare: async () => {
        refused = visitor()
        for (let nth = 0; nth < 32; nth += 1) await routes.stats(refused)
      },
      // The window of two counters lets one through now and then, as its estimate sinks.
      run: async () => {
        await routes.stats(refused)
      },
    },
  ]
}

const all = contenders.map((contender) => ({ name: contender.name, cases: casesOf(contender) }))
const rows: Row[] = []
for (const [at, group] of ['limited cached GET', 'join', 'repeated refusal'].entries()) {
  const times = new Map<string, number[][]>(all.map(({ name }) => [name, []]))
  const costs = new Map<string, Awaited<ReturnType<typeof countCost>>>()
  for (const { name, cases } of all) {
    const one = cases[at]
    if (one === undefined) continue
    await one.prepare(0)
    await one.run(0)
    const cost = await countCost(
      watcher,
      async () => {
        for (let nth = 0; nth < 20; nth += 1) await one.run(nth)
      },
      20,
    )
    costs.set(name, cost)
  }
  for (let round = 0; round < options.rounds; round += 1) {
    for (const { name, cases } of round % 2 === 0 ? all : all.toReversed()) {
      const one = cases[at]
      await one?.prepare(round)
      const taken: number[] = []
      for (let nth = 0; nth < requestsEach; nth += 1) {
        const from = performance.now()
        await one?.run(nth)
        taken.push(performance.now() - from)
      }
      times.get(name)?.push(taken)
    }
  }
  for (const { name } of all) {
    const cost = costs.get(name)
    const of = (part: number): number =>
      Number(
        median(
          (times.get(name) ?? []).map((taken) =>
            quantile(
              taken.toSorted((a, b) => a - b),
              part,
            ),
          ),
        ).toFixed(3),
      )
    rows.push({
      contender: name,
      group,
      values: {
        commands: cost?.commands ?? null,
        roundTrips: cost?.roundTrips ?? null,
        p50Ms: of(0.5),
        p95Ms: of(0.95),
      },
    })
  }
}

const nextRows = await measureNext({ rest, requestsEach: 10 * requestsEach, visitor })

await writeResults('site', {
  title: 'The routes of the website',
  options,
  redis: watcher,
  tables: [
    {
      id: 'site-routes',
      title: 'What one request asks of Redis',
      note: 'Both over our REST server on one machine, one request at a time, without HTTP in front and without the database. Aims: at most 4 commands and 1 round trip for the GET, 0 commands for a repeated refusal.',
      measures: [
        { key: 'commands', title: 'commands', unit: '', better: 'lower', plot: true },
        { key: 'roundTrips', title: 'round trips', unit: '', better: 'lower' },
        { key: 'p50Ms', title: 'p50', unit: 'ms', better: 'lower' },
        { key: 'p95Ms', title: 'p95', unit: 'ms', better: 'lower' },
      ],
      rows,
    },
    {
      id: 'site-next',
      title: 'The same through `next start`',
      note: 'Both ways in one Next.js app over our REST server on one machine: proxy and route, one request at a time over one connection, without the database, which is the same for both.',
      measures: [
        { key: 'p50Ms', title: 'p50', unit: 'ms', better: 'lower' },
        { key: 'p95Ms', title: 'p95', unit: 'ms', better: 'lower', plot: true },
      ],
      rows: nextRows,
    },
  ],
})
await site.close()
watcher.disconnect()
await rest.close()
await redis.stop()
