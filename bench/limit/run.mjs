/** Compares limiters on one Redis, and writes results.json. See README.md. */
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { Redis } from 'ioredis'
import { createLimiter, slidingWindow } from 'millpond'
import { redis } from 'millpond/redis'
import { startRedis } from 'millpond-e2e/servers'
import { createServer } from 'millpond-rest'
import { overRest, overTcp } from './contenders.mjs'
import { accuracy, interleave } from './measure.mjs'

const peers = process.argv[2]
if (!peers) throw new TypeError('Cannot measure: name the folder with the peers, see README.md')
const rounds = Number(process.env.ROUNDS ?? 5)
const ms = Number(process.env.MS ?? 700)
const server = await startRedis()
const client = new Redis(server.url)
const rest = await createServer({ redis: server.url })
const results = {
  at: new Date().toISOString(),
  cpu: cpus()[0]?.model,
  cores: cpus().length,
  node: process.version,
  rounds,
  ms,
}
results.redis = /redis_version:(\S+)/.exec(await client.info('server'))?.[1]

for (const limit of [5, 60]) {
  for (const concurrency of [1, 64]) {
    const windowMs = 60_000
    await client.flushdb()
    const tcp = await interleave(await overTcp({ client, peers, limit, windowMs }), { concurrency, ms, rounds })
    results[`tcp, limit ${limit}, concurrency ${concurrency}`] = tcp
    console.log(`TCP, limit ${limit}, concurrency ${concurrency}`)
    console.table(tcp)
  }
}
for (const concurrency of [1, 64]) {
  await client.flushdb()
  const contenders = await overRest({ rest, peers, limit: 60, windowMs: 60_000 })
  const measured = await interleave(contenders, { concurrency, ms, rounds })
  results[`rest, limit 60, concurrency ${concurrency}`] = measured
  console.log(`REST, limit 60, concurrency ${concurrency}`)
  console.table(measured)
}

results.commands = await countCommands()
console.table(results.commands)
results.bytes = await countBytes()
console.table(results.bytes)
await client.flushdb()
const precise = { limit: 20, windowMs: 1_000 }
results.accuracy = {}
const measured = {
  ...(await overTcp({ client, peers, ...precise })),
  ...prefixed(await overRest({ rest, peers, ...precise })),
}
delete measured['raw EVALSHA']
for (const [name, take] of Object.entries(measured))
  results.accuracy[name] = await accuracy(take, { ...precise, seconds: 5 })
console.table(results.accuracy)
await writeFile(new URL('results.json', import.meta.url), `${JSON.stringify(results, null, 2)}\n`)
client.disconnect()
await rest.close()
await server.stop()

function prefixed(contenders) {
  const theirs = Object.entries(contenders).filter(([name]) => name.startsWith('@'))
  return Object.fromEntries(theirs)
}

/** Commands that the server runs for a decision, scripts and what they call alike. */
async function countCommands() {
  const policies = Object.fromEntries(
    ['a', 'b', 'c'].map((name) => [name, slidingWindow({ limit: 60, window: '60s', onUnavailable: 'closed' })]),
  )
  const limiter = createLimiter({ store: redis(client), policies, deadline: '10s' })
  const counted = {}
  for (const count of [1, 2, 3]) {
    const takes = (key) =>
      Object.keys(policies)
        .slice(0, count)
        .map((policy) => ({ policy, key }))
    await limiter.take(takes('warm'))
    await client.config('RESETSTAT')
    await limiter.take(takes(`alone${count}`))
    const alone = await totals()
    await client.config('RESETSTAT')
    await Promise.all(Array.from({ length: 60 }, (_, index) => limiter.take(takes(`together${count}.${index}`))))
    const together = await totals()
    counted[`${count} policies`] = { alone, 'each of 60 in one tick': together / 60 }
  }
  return counted
}

async function totals() {
  const stats = await client.info('commandstats')
  return [...stats.matchAll(/^cmdstat_\w+:calls=(\d+)/gm)].reduce((sum, [, calls]) => sum + Number(calls), 0)
}

/** What an identity costs in Redis, by the number of units in its window. */
async function countBytes() {
  const limiter = createLimiter({
    store: redis(client),
    policies: { p: slidingWindow({ limit: 60, window: '60s', onUnavailable: 'closed' }) },
    deadline: '10s',
  })
  const bytes = {}
  for (const cost of [1, 3, 5, 10, 30, 60]) {
    await client.flushdb()
    await limiter.take({ policy: 'p', key: '203.0.113.7', cost })
    const [key] = await client.keys('*')
    bytes[`${cost} units`] = await client.memory('USAGE', key)
  }
  return bytes
}
