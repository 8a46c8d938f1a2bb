import type { Redis } from 'ioredis'
import {
  type BenchOptions,
  compareRates,
  type Measure,
  type Row,
  rateMeasures,
  type StartedRest,
  type Table,
  type Value,
} from '../harness/index.ts'
import { toRequest } from './http-client.ts'
import { openPool } from './http-pool.ts'
import type { Kind } from './kinds.ts'
import type { StartedBare } from './start-bare.ts'

const REST = 'millpond-rest'
const BARE = 'bare node:http'
const RAW = 'raw ioredis'

const [perSecond, , p50, p99] = rateMeasures
const measures: readonly Measure[] = [
  { ...perSecond, title: 'requests' },
  { key: 'commands', title: 'commands', unit: '/s', better: 'higher' },
  { key: 'ratio', title: `to ${BARE}`, unit: '×', better: 'higher' },
  { key: 'toRedis', title: `to ${RAW}`, unit: '×', better: 'higher' },
  p50,
  p99,
]

export interface Servers {
  readonly rest: StartedRest
  readonly bare: StartedBare
  /** A connection to the Redis behind the REST server. */
  readonly redis: Redis
}

/** The figures of requests as figures of the commands in them. */
function times(value: Value | undefined, commands: number): Value {
  if (typeof value !== 'object' || value === null) return null
  return { ...value, median: value.median * commands, q1: value.q1 * commands, q3: value.q3 * commands }
}

async function compareKind({ rest, bare, redis }: Servers, kind: Kind, callers: number, options: BenchOptions) {
  const request = toRequest(kind.path, rest.token, kind.body)
  const pools = await Promise.all([
    openPool(BARE, bare.port, callers, request),
    openPool(REST, Number(new URL(rest.url).port), callers, request),
  ])
  const contenders = [...pools, { name: RAW, run: () => kind.runOnRedis(redis) }]
  const group = `${kind.name}, ${callers} ${callers === 1 ? 'caller' : 'callers'}`
  const ceilings = { toRedis: RAW }
  const rows = await compareRates(contenders, { ...options, concurrency: callers, group, ceiling: BARE, ceilings })
  for (const pool of pools) pool.close()
  return rows.map((row): Row => {
    const commands = row.contender === BARE ? null : times(row.values.perSecond, kind.commands)
    return { ...row, values: { ...row.values, commands } }
  })
}

/** Kinds of requests at 1, 32 and 256 callers, each beside the bare server and a direct connection. */
export async function compareKinds(
  servers: Servers,
  kinds: readonly Kind[],
  options: BenchOptions,
  about: Pick<Table, 'id' | 'title' | 'note'>,
): Promise<Table> {
  const rows: Row[] = []
  for (const kind of kinds) {
    for (const callers of [1, 32, 256]) rows.push(...(await compareKind(servers, kind, callers, options)))
    console.log(`${about.title}: ${kind.name}`)
  }
  return { ...about, measures, rows }
}
