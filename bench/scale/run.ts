/** What an entry, a tag and an identity weigh in Redis, and what requests cost in commands and money. See docs/scale.md. */
import { Redis } from 'ioredis'
import {
  type CacheResult,
  concurrency,
  createCache,
  createLimiter,
  fixedWindow,
  type Limiter,
  type Policies,
  slidingWindow,
  tokenBucket,
} from 'millpond'
import { redis } from 'millpond/redis'
import { startRedis } from 'millpond-e2e/servers'
import { z } from 'zod'
import { countCost, type Measure, type Row, readOptions, writeResults } from '../harness/index.ts'

const options = readOptions()
const keys = options.quick ? 4_000 : 10_000
/** Upstash, pay as you go: dollars for one command, commands inside scripts counted. */
const dollarsPerCommand = 0.2 / 100_000

const server = await startRedis()
const client = new Redis(server.url)
const watcher = new Redis(server.url)
const store = redis(client)
const deadline = '60s'
const declared = { window: '1h', onUnavailable: 'closed' } as const

async function inBatches(count: number, make: (index: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += 500) {
    await Promise.all(Array.from({ length: Math.min(500, count - from) }, (_, index) => make(from + index)))
  }
}

async function usedMemory(): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await watcher.info('memory'))?.[1])
}

/** Bytes a key, its place in Redis' own tables included. */
async function weigh(make: (index: number) => Promise<unknown>): Promise<number> {
  await client.flushall()
  await make(keys)
  const before = await usedMemory()
  await inBatches(keys, make)
  return Math.round(Math.max(0, (await usedMemory()) - before) / keys)
}

const bytesMeasure: Measure = { key: 'bytes', title: 'in Redis', unit: 'bytes', better: 'lower', plot: true }
const toWeight = (contender: string, group: string, bytes: number): Row => ({ contender, group, values: { bytes } })

async function weighEntries(): Promise<Row[]> {
  const rows: Row[] = []
  for (const size of [100, 1_000, 10_000]) {
    for (const tags of [0, 1, 5]) {
      const cache = createCache({ store, namespace: 'scale', deadline })
      const item = cache.define({
        name: `item-${size}-${tags}`,
        ttl: '1h',
        input: z.int(),
        // Tags that all share: an entry is weighed with its list of versions, the tags themselves are weighed below.
        tags: () => Array.from({ length: tags }, (_, index) => `tag:${index}`),
        load: () => 'x'.repeat(size),
      })
      const bytes = await weigh((index) => item.get(index))
      rows.push(
        toWeight(`${tags} tag${tags === 1 ? '' : 's'}`, `an entry of ${size.toLocaleString('en')} characters`, bytes),
      )
      cache.close()
    }
  }
  const cache = createCache({ store, namespace: 'scale', deadline })
  rows.push(toWeight('its version', 'a tag', await weigh((index) => cache.invalidate([`user:${index}`]))))
  cache.close()
  return rows
}

async function weighIdentities(): Promise<Row[]> {
  const policies = {
    sliding: slidingWindow({ limit: 60, ...declared }),
    bucket: tokenBucket({ limit: 60, ...declared }),
    fixed: fixedWindow({ limit: 60, ...declared }),
    permits: concurrency({ limit: 60, ttl: '1h', onUnavailable: 'closed' }),
  }
  const limiter = createLimiter({ store, namespace: 'scale', policies, deadline })
  const kinds = [
    ['slidingWindow', 'sliding', [1, 5, 10, 30, 60]],
    ['tokenBucket', 'bucket', [1]],
    ['fixedWindow', 'fixed', [1]],
    ['concurrency', 'permits', [1, 10]],
  ] as const
  const rows: Row[] = []
  for (const [name, policy, counts] of kinds) {
    for (const cost of counts) {
      const bytes = await weigh((index) => limiter.take({ policy, key: `203.0.113.7:${index}`, cost }))
      rows.push(toWeight(`${name}, ${cost} ${cost === 1 ? 'unit' : 'units'}`, 'an identity', bytes))
    }
  }
  limiter.close()
  return rows
}

interface Pond {
  readonly read: (index: number) => Promise<CacheResult<unknown>>
  readonly tagged: (index: number) => Promise<CacheResult<unknown>>
  readonly invalidate: (index: number) => Promise<unknown>
  readonly limiter: Limiter<Policies>
}

async function createPond(): Promise<Pond> {
  await client.flushall()
  const cache = createCache({ store, namespace: 'cost', deadline })
  const plain = cache.define({ name: 'plain', ttl: '1h', input: z.int(), load: () => 'x'.repeat(100) })
  const tagged = cache.define({
    name: 'tagged',
    ttl: '1h',
    input: z.int(),
    tags: (index) => [`item:${index}`, 'all'],
    load: () => 'x'.repeat(100),
  })
  const policies = {
    a: slidingWindow({ limit: 60, ...declared }),
    b: slidingWindow({ limit: 60, ...declared }),
    c: fixedWindow({ limit: 60, ...declared }),
  }
  const limiter = createLimiter({ store, namespace: 'cost', policies, deadline, denialMemo: false })
  return {
    read: (index) => plain.get(index),
    tagged: (index) => tagged.get(index),
    invalidate: (index) => cache.invalidate([`item:${index}`]),
    limiter: limiter as unknown as Limiter<Policies>,
  }
}

const operations: readonly { name: string; run: (pond: Pond, index: number) => Promise<unknown>; warm?: boolean }[] = [
  { name: 'a hit, 2 tags', run: (pond, index) => pond.tagged(index % 10), warm: true },
  { name: 'a miss, no tag', run: (pond, index) => pond.read(1_000 + index) },
  { name: 'a miss, 2 tags', run: (pond, index) => pond.tagged(1_000 + index) },
  { name: 'an invalidation', run: (pond, index) => pond.invalidate(index) },
  { name: 'a limit', run: ({ limiter }, index) => limiter.take({ policy: 'a', key: `k${index}` }) },
  {
    name: 'three limits of one take',
    run: ({ limiter }, index) => limiter.take(['a', 'b', 'c'].map((policy) => ({ policy, key: `t${index}` }))),
  },
  {
    name: 'a limit and a hit',
    run: (pond, index) => Promise.all([pond.limiter.take({ policy: 'a', key: `g${index}` }), pond.tagged(index % 10)]),
    warm: true,
  },
]

async function countCommands(): Promise<Row[]> {
  const rows: Row[] = []
  for (const { name, run } of operations) {
    for (const together of [1, 32]) {
      const pond = await createPond()
      for (let index = 0; index < 10; index += 1) await run(pond, index)
      const rounds = 10
      const cost = await countCost(
        watcher,
        async () => {
          for (let round = 1; round <= rounds; round += 1) {
            await Promise.all(Array.from({ length: together }, (_, index) => run(pond, round * 100 + index)))
          }
        },
        rounds * together,
      )
      rows.push({
        contender: name,
        group: together === 1 ? 'alone' : `${together} in one tick`,
        values: {
          commands: cost.commands,
          roundTrips: cost.roundTrips,
          bytes: cost.bytesIn + cost.bytesOut,
          dollars: Math.round(cost.commands * dollarsPerCommand * 1e6 * 100) / 100,
        },
      })
    }
  }
  return rows.sort((a, b) => a.group.length - b.group.length)
}

await writeResults('scale', {
  title: 'Weight and cost',
  options,
  redis: watcher,
  notes: [
    `Weights are the growth of \`used_memory\` over ${keys.toLocaleString('en')} keys, Redis' own tables included.`,
    'Commands are counted by the server, those inside scripts too, as Upstash bills them: $0.20 for 100,000.',
  ],
  tables: [
    { id: 'entries', title: 'What an entry weighs', measures: [bytesMeasure], rows: await weighEntries() },
    { id: 'identities', title: 'What an identity weighs', measures: [bytesMeasure], rows: await weighIdentities() },
    {
      id: 'requests',
      title: 'What a request costs',
      measures: [
        { key: 'commands', title: 'commands', unit: '', better: 'lower' },
        { key: 'roundTrips', title: 'round trips', unit: '', better: 'lower' },
        { key: 'bytes', title: 'over the network', unit: 'bytes', better: 'lower' },
        { key: 'dollars', title: 'dollars per million', unit: '', better: 'lower', plot: true },
      ],
      rows: await countCommands(),
    },
  ],
})
client.disconnect()
watcher.disconnect()
await server.stop()
