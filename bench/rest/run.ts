import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { openConnections } from './connections.ts'
import { connectHttp, toRequest } from './http-client.ts'
import { createKinds, type Kind } from './kinds.ts'
import { measure, median, type Send, type Turn } from './measure.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 5)
const turnMs = Number(process.env.BENCH_TURN_MS ?? 300)
const concurrencies = [1, 32, 256]
const root = new URL('../../', import.meta.url)

interface Message {
  readonly port?: number
  readonly url: string
  readonly token: string
  readonly redis: { readonly port: number }
}

async function start(path: string, args: readonly string[], execArgv: readonly string[]) {
  const child = fork(fileURLToPath(new URL(path, root)), [...args], {
    execArgv: [...execArgv],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [message] = (await once(child, 'message')) as [Message]
  return { message, child, stop: () => child.kill('SIGTERM') }
}

function summarise(turns: readonly Turn[], commands: number) {
  return {
    requestsPerSecond: Math.round(median(turns.map(({ perSecond }) => perSecond))),
    commandsPerSecond: Math.round(median(turns.map(({ perSecond }) => perSecond)) * commands),
    p50Ms: Number(median(turns.map(({ p50 }) => p50)).toFixed(3)),
    p99Ms: Number(median(turns.map(({ p99 }) => p99)).toFixed(3)),
  }
}

function ratio(a: readonly Turn[], b: readonly Turn[]): number {
  const pairs = a.map(({ perSecond }, index) => perSecond / (b[index]?.perSecond ?? Number.NaN))
  return Number(median(pairs).toFixed(3))
}

function ratioByP50(a: readonly Turn[], b: readonly Turn[]): number {
  return Number((median(a.map(({ p50 }) => p50)) / median(b.map(({ p50 }) => p50))).toFixed(3))
}

/** The three in turn, `rounds` times, so that what else the machine does weighs on all of them. */
async function compare(kind: Kind, concurrency: number, sendsOf: Record<'bare' | 'rest' | 'ioredis', Send[]>) {
  const turns: Record<keyof typeof sendsOf, Turn[]> = { bare: [], rest: [], ioredis: [] }
  const names = ['bare', 'rest', 'ioredis'] as const
  for (const name of names) await measure(sendsOf[name], turnMs / 2)
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) turns[name].push(await measure(sendsOf[name], turnMs))
  }
  return {
    kind: kind.name,
    concurrency,
    rest: summarise(turns.rest, kind.commands),
    bare: summarise(turns.bare, 1),
    ioredis: summarise(turns.ioredis, kind.commands),
    restToBare: ratio(turns.rest, turns.bare),
    restToIoredis: ratio(turns.rest, turns.ioredis),
    /** Less moved by what else the machine does than the rates, above all at concurrency 1. */
    restToBareByP50: ratioByP50(turns.bare, turns.rest),
  }
}

const profile =
  process.env.BENCH_CPU_PROF === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_CPU_PROF}`]
const rest = await start('packages/redis-rest/dist/cli.js', ['--port', '0', '--token', 'bench'], profile)
const bare = await start('bench/rest/bare-server.ts', [], ['--import', 'tsx'])
const restPort = Number(new URL(rest.message.url).port)
const redis = new Redis(rest.message.redis.port, '127.0.0.1')
const kinds = (await createKinds(redis)).filter(({ name }) => name.includes(process.env.BENCH_KIND ?? ''))

const rows = []
for (const concurrency of concurrencies) {
  const restClients = await Promise.all(Array.from({ length: concurrency }, () => connectHttp(restPort)))
  const bareClients = await Promise.all(Array.from({ length: concurrency }, () => connectHttp(bare.message.port ?? 0)))
  for (const kind of kinds) {
    const request = toRequest(kind.path, 'bench', kind.body)
    const row = await compare(kind, concurrency, {
      bare: bareClients.map((client) => () => client.send(request)),
      rest: restClients.map((client) => () => client.send(request)),
      ioredis: restClients.map(() => async () => void (await kind.runOnRedis(redis))),
    })
    rows.push(row)
    console.log(
      `${kind.name.padEnd(16)} c=${String(concurrency).padEnd(4)} rest ${row.rest.requestsPerSecond}/s (${row.rest.commandsPerSecond} cmd/s, p50 ${row.rest.p50Ms} ms, p99 ${row.rest.p99Ms} ms)  bare ×${row.restToBare} (by p50 ×${row.restToBareByP50})  ioredis ×${row.restToIoredis} of ${row.ioredis.commandsPerSecond} cmd/s`,
    )
  }
  for (const client of [...restClients, ...bareClients]) client.close()
}

async function measureMemory() {
  const fresh = await start('packages/redis-rest/dist/cli.js', ['--port', '0', '--token', 'bench'], [])
  const memory = await openConnections(Number(new URL(fresh.message.url).port), 10_000)
  fresh.stop()
  await once(fresh.child, 'exit')
  return memory
}

const memory = process.env.BENCH_KIND === undefined ? await measureMemory() : undefined
if (memory !== undefined) console.log(memory)
redis.disconnect()
rest.stop()
bare.stop()
await Promise.all([once(rest.child, 'exit'), once(bare.child, 'exit')])

if (process.env.BENCH_KIND === undefined) {
  const result = {
    command: 'node --import tsx bench/rest/run.ts',
    node: process.version,
    rounds,
    turnMs,
    note: 'medians of interleaved turns; client, server and Redis on one machine; ratios are medians of the ratios within a round',
    rows,
    memory,
  }
  writeFileSync(new URL('bench/results/rest.json', root), `${JSON.stringify(result, null, 2)}\n`)
}
process.exit(0)
