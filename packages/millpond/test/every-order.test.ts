import { Redis } from 'ioredis'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { CacheStore } from '../src/cache/cache-store.ts'
import { readEntry } from '../src/cache/entry.ts'
import { memory } from '../src/stores/memory/index.ts'
import { redis } from '../src/stores/redis/index.ts'
import { exploreOrders } from '../src/testing/explore-orders.ts'
import { findKeysWithoutTtl } from './keys-without-ttl.ts'
import { createRace, type Race, type World } from './orders/race.ts'

/** `all` runs the largest races everywhere: a minute or two instead of seconds. */
const all = process.env.MILLPOND_PROOF === 'all'

const LANES = 32

/** Each with a number that its orders exceed, so that a race which shrinks to nothing is noticed. */
const across: readonly [Race, number][] = [
  [{ mode: 'miss', kind: 'tag', losses: ['version', 'everything'] }, 6_000],
  [{ mode: 'miss', kind: 'key', losses: ['version', 'everything'] }, 6_000],
  [{ mode: 'miss', kind: 'value tag', losses: ['everything'] }, 5_000],
  [{ mode: 'refresh', kind: 'tag', losses: ['version', 'everything'] }, 3_000],
  [{ mode: 'refresh', kind: 'key', losses: ['version', 'everything'] }, 3_000],
]
const acrossWithOneLoss: readonly [Race, number][] = [
  [{ mode: 'miss', kind: 'tag', losses: ['version'] }, 500],
  [{ mode: 'miss', kind: 'tag', losses: ['everything'] }, 500],
  [{ mode: 'miss', kind: 'key', losses: ['version'] }, 500],
  [{ mode: 'miss', kind: 'key', losses: ['everything'] }, 500],
  [{ mode: 'miss', kind: 'key', losses: ['lease'] }, 500],
  [{ mode: 'miss', kind: 'value tag', losses: ['version'] }, 1_500],
  [{ mode: 'refresh', kind: 'tag', losses: ['version'] }, 300],
  [{ mode: 'refresh', kind: 'tag', losses: ['everything'] }, 300],
  [{ mode: 'refresh', kind: 'key', losses: ['version'] }, 300],
  [{ mode: 'refresh', kind: 'key', losses: ['everything'] }, 300],
]
const within: readonly [Race, number][] = [
  [{ mode: 'one process', kind: 'tag', losses: ['everything'] }, 2_000],
  [{ mode: 'one process', kind: 'key', losses: ['everything'] }, 2_000],
  [{ mode: 'local', kind: 'tag', losses: ['everything'] }, 700],
  [{ mode: 'local', kind: 'key', losses: ['everything'] }, 700],
]
const large: readonly [Race, number][] = [
  [{ mode: 'miss', kind: 'value tag', losses: ['epoch', 'version'] }, 10_000],
  [{ mode: 'refresh', kind: 'value tag', losses: ['everything'] }, 4_000],
  [{ mode: 'one process', kind: 'tag', losses: ['version', 'everything'] }, 15_000],
  [{ mode: 'one process', kind: 'key', losses: ['version', 'everything'] }, 15_000],
  [{ mode: 'local', kind: 'value tag', losses: ['everything'] }, 10_000],
]
const toTitle = ({ mode, kind, losses }: Race) => `by ${kind}, ${mode}, while ${losses.join(' and ')} is lost`
const titled = (races: readonly [Race, number][]) =>
  races.map(([race, orders]) => [toTitle(race), race, orders] as const)

async function openMemory(change = (store: CacheStore) => store): Promise<World> {
  const store = memory()
  return { store: change(store), flush: (keys) => store.remove(keys) }
}

describe('exploreOrders() finds no order in which an invalidation does not hold, in memory', () => {
  test.each(titled([...across, ...within, ...(all ? large : [])]))('%s', async (_, race, atLeast) => {
    const explored = await exploreOrders(createRace(race, () => openMemory()))
    expect(explored.orders).toBeGreaterThan(atLeast)
  })
})

describeWith('redis', 'exploreOrders() finds no order in which an invalidation does not hold, on Redis', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let clients: Redis[]
  beforeAll(async () => {
    server = await startRedis({ args: ['--databases', String(LANES)] })
    clients = Array.from({ length: LANES }, (_, db) => new Redis(server.url, { db }))
  })
  afterEach(async () => {
    expect((await Promise.all(clients.map(findKeysWithoutTtl))).flat()).toEqual([])
  })
  afterAll(async () => {
    for (const client of clients ?? []) client.disconnect()
    await server?.stop()
  })

  async function openRedis(lane: number): Promise<World> {
    const client = clients[lane]
    if (!client) throw new RangeError(`Cannot open a database: there is none for lane ${lane}`)
    await client.flushdb()
    return { store: redis(client), flush: async () => void (await client.flushdb()) }
  }

  test.each(titled(all ? across : acrossWithOneLoss))('%s', async (_, race, atLeast) => {
    const explored = await exploreOrders(createRace(race, openRedis), { lanes: LANES })
    expect(explored.orders).toBeGreaterThan(atLeast)
  })
})

/** Protocols that do not hold, each with a race that tells. */
const broken: Record<string, { readonly race: Race; readonly change: (store: CacheStore) => CacheStore }> = {
  'a fill needs only that nothing is stored': {
    race: { mode: 'miss', kind: 'key', losses: [] },
    change: (store) => ({
      ...store,
      async fill(request) {
        const [found] = await store.read([request.entry])
        return found === null && overwrite(store, request)
      },
    }),
  },
  'a fill needs nothing': {
    race: { mode: 'refresh', kind: 'key', losses: [] },
    change: (store) => ({ ...store, fill: (request) => overwrite(store, request) }),
  },
  'versions are not compared': {
    race: { mode: 'miss', kind: 'tag', losses: [] },
    change: (store) => ({
      ...store,
      async read(keys) {
        const [text = null, ...versions] = await store.read(keys)
        const stored = text === null ? [] : (readEntry(text)?.versions.split(',') ?? [])
        return [text, ...versions.map((version, index) => stored[index] ?? version)]
      },
    }),
  },
  'versions are read after the load': {
    race: { mode: 'miss', kind: 'tag', losses: [] },
    change: (store) => ({
      ...store,
      async fill(request) {
        const tags = seenTags.get(request.entry) ?? []
        const versions = (await store.read(tags)).join(',')
        return store.fill({ ...request, text: request.text.replace(/^((?:[^|]*\|){5})[^|]*/, `$1${versions}`) })
      },
      lease(request) {
        seenTags.set(request.entry, request.tags)
        return store.lease(request)
      },
    }),
  },
  'the epoch is not compared': {
    race: { mode: 'miss', kind: 'value tag', losses: [] },
    change: (store) => {
      let epoch = ''
      return {
        ...store,
        async lease(request) {
          const grant = await store.lease(request)
          if (grant.kind === 'granted') epoch = grant.versions.at(-1) ?? ''
          return grant
        },
        async versions(tags, nonce, ttlMs) {
          return [...(await store.versions(tags, nonce, ttlMs)).slice(0, -1), epoch]
        },
      }
    },
  },
  'versions are counted': {
    race: { mode: 'miss', kind: 'tag', losses: ['version'] },
    change: (store) => ({
      ...store,
      lease: (request) => store.lease({ ...request, nonce: '1' }),
      async renew(tags, _, ttlMs) {
        const versions = await store.read(tags)
        await Promise.all(tags.map((tag, index) => store.renew([tag], String(Number(versions[index] ?? 0) + 1), ttlMs)))
      },
    }),
  },
}

const seenTags = new Map<string, Parameters<CacheStore['read']>[0]>()

async function overwrite(store: CacheStore, request: Parameters<CacheStore['fill']>[0]): Promise<boolean> {
  const { entry, lease, token } = request
  const times = { leaseMs: 10_000, tagTtlMs: 10_000 }
  await store.lease({ entry, lease, token, ...times, tags: [], nonce: 'none', seen: undefined, takeOver: true })
  return store.fill(request)
}

describe('exploreOrders() finds the order in which an invalidation does not hold', () => {
  test.each(Object.keys(broken))('when %s', async (name) => {
    const { race, change } = broken[name] ?? {}
    if (!race) throw new RangeError(`Cannot break: there is no protocol "${name}"`)
    const exploring = exploreOrders(createRace(race, () => openMemory(change)))
    await expect(exploring).rejects.toThrow('a read got 0, but 1 was invalidated before it began')
  })
})
