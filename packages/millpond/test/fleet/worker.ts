/**
 * One process of a fleet, forked by fleet.test.ts. It shares a cache in one Redis and an origin in another (so that flushing the cache's
 * leaves the origin alone), and answers each command of its parent with a message.
 */
import { Redis } from 'ioredis'
import { z } from 'zod'
import { createCache } from '../../src/index.ts'
import { redis } from '../../src/stores/redis/index.ts'

type Command =
  | { readonly run: 'cold'; readonly reads: number; readonly everyMs?: number; readonly loadMs?: number }
  | { readonly run: 'hang' }
  | { readonly run: 'read'; readonly ms: number }
  | { readonly run: 'write'; readonly ms: number }
  | { readonly run: 'evict'; readonly ms: number }

const [cacheUrl = '', originUrl = ''] = process.argv.slice(2)
const client = new Redis(cacheUrl)
const origin = new Redis(originUrl)
const cache = createCache({ store: redis(client), namespace: 'fleet', lease: '2s', deadline: '5s' })
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
let hang = false
let loadMs: number | undefined

const KEYS = 5
const common = { input: z.int(), tags: (key: number) => [`key:${key}`], load }
/** Long-lived, for counting loads. */
const cold = cache.define({ ...common, name: 'cold', ttl: '1h' })
/** The same, tagged by what only the value can name. */
const named = cache.define({
  name: 'named',
  ttl: '50ms',
  staleFor: '1m',
  input: z.int(),
  load: async (key: number) => ({ key, version: await load(key) }),
  valueTags: ({ key, version }) => [`key:${key}`, `version:${version}`],
})
/** Mostly past its TTL, so that it is refreshed in the background all the time. */
const value = cache.define({ ...common, name: 'value', ttl: '50ms', staleFor: '1m' })

async function load(key: number): Promise<number> {
  await origin.incr(`loads:${key}`)
  if (hang) await new Promise(() => {})
  const version = Number(await origin.get(`version:${key}`))
  await pause(loadMs ?? Math.random() * 8)
  return version
}

/** Reads until the time is over; counts answers older than what had been invalidated when the read began. */
async function read(ms: number): Promise<{ reads: number; stale: number; statuses: Record<string, number> }> {
  const end = Date.now() + ms
  let [reads, stale] = [0, 0]
  const statuses: Record<string, number> = {}
  const one = async () => {
    while (Date.now() < end) {
      const key = Math.floor(Math.random() * KEYS)
      const atLeast = Number(await origin.get(`invalidated:${key}`))
      const byValue = Math.random() < 0.5
      const result = byValue ? await named.get(key) : await value.get(key)
      reads += 1
      statuses[result.status] = (statuses[result.status] ?? 0) + 1
      const version = typeof result.value === 'number' ? result.value : result.value.version
      if (version < atLeast) stale += 1
    }
  }
  await Promise.all(Array.from({ length: 8 }, one))
  return { reads, stale, statuses }
}

/** Commits a new version, invalidates by tag or by key, and only then says so. */
async function write(ms: number): Promise<{ writes: number; undelivered: number }> {
  const end = Date.now() + ms
  let [writes, undelivered] = [0, 0]
  while (Date.now() < end) {
    const key = Math.floor(Math.random() * KEYS)
    const version = await origin.incr(`version:${key}`)
    const results = await (Math.random() < 0.5
      ? Promise.all([cache.invalidate([`key:${key}`])])
      : Promise.all([value.delete(key), named.delete(key)]))
    if (results.every(({ delivered }) => delivered)) await origin.set(`invalidated:${key}`, version)
    else undelivered += 1
    writes += 1
    await pause(Math.random() * 10)
  }
  return { writes, undelivered }
}

/** Takes keys away as an evicting Redis would, now and then all of them, and forgets the scripts. */
async function evict(ms: number): Promise<{ evictions: number }> {
  const end = Date.now() + ms
  let evictions = 0
  while (Date.now() < end) {
    await pause(Math.random() * 8)
    const chance = Math.random()
    if (chance < 0.02) await client.flushall()
    else if (chance < 0.05) await client.script('FLUSH')
    else {
      const key = await client.randomkey()
      if (key) await client.del(key)
    }
    evictions += 1
  }
  return { evictions }
}

async function run(command: Command): Promise<unknown> {
  switch (command.run) {
    case 'cold': {
      loadMs = command.loadMs
      const read = (_: unknown, index: number) => pause(index * (command.everyMs ?? 0)).then(() => cold.get(0))
      const results = await Promise.all(Array.from({ length: command.reads }, read))
      return { values: [...new Set(results.map((result) => result.value))] }
    }
    case 'hang':
      hang = true
      void cold.get(0)
      return {}
    case 'read':
      return read(command.ms)
    case 'write':
      return write(command.ms)
    case 'evict':
      return evict(command.ms)
    default:
      throw new RangeError(`Cannot run: unknown command ${JSON.stringify(command satisfies never)}`)
  }
}

process.on('message', (command: Command) => {
  void run(command).then((answer) => process.send?.(answer))
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
