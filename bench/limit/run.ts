/** Compares limiters on one Redis: decisions a second, what a decision costs, bytes of an identity, and how right they are. See README.md. */
import { Redis } from 'ioredis'
import { startRedis } from 'millpond-e2e/servers'
import {
  type Contender,
  compareRates,
  costMeasures,
  countCost,
  type Measure,
  type Row,
  rateMeasures,
  readOptions,
  startRest,
  type Table,
  writeResults,
} from '../harness/index.ts'
import { mostAdmitted, passWhenTold } from './accuracy.ts'
import { type Limit, overRest, overTcp, type Rule } from './contenders.ts'
import { rawOverRest, rawOverTcp } from './raw-script.ts'

const KEYS = 5_000
const toKey = (index: number): string => `k${index % KEYS}`
const toContender = ({ name, take }: Limit): Contender => ({ name, run: (index) => take(toKey(index)) })

const options = readOptions()
const server = await startRedis()
const client = new Redis(server.url)
const watcher = new Redis(server.url)
const rest = await startRest(server.url)
const wanted = (table: string): boolean => options.only === undefined || table.includes(options.only)

async function rates(name: string, contenders: readonly Contender[], group: string): Promise<Row[]> {
  const rows: Row[] = []
  for (const concurrency of [1, 64]) {
    await client.flushdb()
    const loop = {
      ...options,
      concurrency,
      ceiling: 'raw EVALSHA',
      group: `${group}${concurrency === 1 ? '1 caller' : `${concurrency} callers`}`,
    }
    rows.push(...(await compareRates(contenders, loop)))
  }
  console.log(`${name}: ${group || 'done'}`)
  return rows
}

async function tcpRates(): Promise<Table> {
  const rows: Row[] = []
  for (const limit of [5, 60]) {
    const limits = await overTcp(client, { limit, windowMs: 60_000 })
    rows.push(
      ...(await rates('tcp', [await rawOverTcp(client, toKey), ...limits.map(toContender)], `limit ${limit}, `)),
    )
  }
  return {
    id: 'tcp',
    title: 'Decisions a second over one connection',
    note: `${KEYS} identities in turn, so that most decisions of limit 5 are refusals; no cache of refusals in any contender.`,
    ceiling: 'raw EVALSHA',
    measures: rateMeasures,
    rows,
  }
}

async function restRates(): Promise<Table> {
  const limits = overRest(rest, { limit: 60, windowMs: 60_000 })
  return {
    id: 'rest',
    title: 'Decisions a second over REST',
    note: 'The REST server is `millpond-rest`, a process of its own on the same machine; limit 60.',
    ceiling: 'raw EVALSHA',
    measures: rateMeasures,
    rows: await rates('rest', [await rawOverRest(rest, toKey), ...limits.map(toContender)], ''),
  }
}

async function costs(): Promise<Table> {
  const rule = { limit: 60, windowMs: 60_000 }
  const rows: Row[] = []
  for (const [way, limits] of [
    ['TCP', await overTcp(client, rule)],
    ['REST', overRest(rest, rule)],
  ] as const) {
    for (const { name, take } of limits) {
      for (const count of [1, 2, 3]) {
        await take('warm', count)
        // Twice, so that the second finds something to read.
        await take('a', count)
        const { byCommand: _, ...values } = await countCost(watcher, () => take('a', count))
        rows.push({ contender: name, group: `${way}, ${count} ${count === 1 ? 'policy' : 'policies'}`, values })
      }
      const together = () => Promise.all(Array.from({ length: 64 }, (_, index) => take(`t${index}`)))
      await together()
      const { byCommand: _, ...values } = await countCost(watcher, together, 64)
      rows.push({ contender: name, group: `${way}, each of 64 in one tick`, values })
    }
  }
  const inOrder = [...new Set(rows.map(({ group }) => group))].flatMap((group) =>
    rows.filter((row) => row.group === group),
  )
  return {
    id: 'cost',
    title: 'What a decision costs the server',
    note: 'Commands inside scripts are counted, as Upstash bills them. Of several policies, Millpond checks all or nothing in one call; the others are asked side by side and each counts for itself.',
    measures: costMeasures,
    rows: inOrder,
  }
}

async function bytes(): Promise<Table> {
  const measures = [1, 3, 5, 10, 30, 60].map(
    (units): Measure => ({ key: `u${units}`, title: `${units} units`, unit: 'bytes', better: 'lower' }),
  )
  const rule = { limit: 60, windowMs: 60_000 }
  const rows: Row[] = []
  for (const { name, take } of [...(await overTcp(client, rule)), ...overRest(rest, rule).slice(2)]) {
    const values: Record<string, number> = {}
    await take('warm')
    for (const units of [1, 3, 5, 10, 30, 60]) {
      await client.flushdb()
      for (let turn = 0; turn < units; turn += 1) await take('203.0.113.7')
      const keys = await client.keys('*203.0.113.7*')
      const sizes = await Promise.all(keys.map((key) => client.memory('USAGE', key)))
      values[`u${units}`] = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
    }
    rows.push({ contender: name, group: '', values })
  }
  return {
    id: 'bytes',
    title: 'Bytes in Redis for one identity',
    note: 'By `MEMORY USAGE`, limit 60 in 60 s, by units taken.',
    measures,
    rows,
  }
}

async function accuracy(): Promise<Table> {
  const rule: Rule = { limit: 20, windowMs: 1_000 }
  const limits = [...(await overTcp(client, rule)), ...overRest(rest, rule).slice(2)]
  await client.flushdb()
  const rows: Row[] = []
  for (const limit of limits) {
    await limit.take('warm')
    const most = await mostAdmitted(limit, rule, options.quick ? 2_500 : 10_000)
    const told = await passWhenTold(limit, rule, options.quick ? 50 : 200)
    rows.push({ contender: limit.name, group: '', values: { most, told } })
    console.log(`accuracy: ${limit.name}`)
  }
  return {
    id: 'accuracy',
    title: 'How right the decisions are, at 20 a second',
    note: 'The most that were certainly admitted within any rolling second, under bursts at random moments; and of clients that come back exactly when they were told, the share that is then admitted.',
    measures: [
      { key: 'most', title: 'most in any window', unit: '', better: 'lower', plot: true },
      { key: 'told', title: 'admitted when told', unit: '', better: 'higher' },
    ],
    rows,
  }
}

const tables: Table[] = []
for (const [name, measure] of Object.entries({ tcp: tcpRates, rest: restRates, cost: costs, bytes, accuracy })) {
  if (wanted(name)) tables.push(await measure())
}
await writeResults('limit', { title: 'Rate limiters', options, tables, redis: watcher })
client.disconnect()
watcher.disconnect()
await rest.stop()
await server.stop()
