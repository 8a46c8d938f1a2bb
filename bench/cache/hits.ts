import { Redis } from 'ioredis'
import { createCache } from 'millpond'
import { redis } from 'millpond/redis'
import { z } from 'zod'
import { type BenchOptions, compareRates, rateMeasures, type Table } from '../harness/index.ts'
import { all, type CachedFunction, type Contender, mostTags } from './contenders.ts'
import { IDS, idAt, ids, ownTags, sharedTags, toValue } from './values.ts'

const CALLERS = 64
const CEILING = 'raw GET'

const groups = [
  { group: 'no tags', tags: 0, tagsOf: sharedTags(0) },
  { group: '1 tag', tags: 1, tagsOf: sharedTags(1) },
  { group: '5 tags', tags: 5, tagsOf: sharedTags(5) },
  { group: '5 tags that no other entry has', tags: 5, tagsOf: ownTags(5) },
] as const

/** Ours with the schema library that most use, and an object as its input. */
const withZod: Contender = {
  name: 'millpond, Zod object as input',
  open({ url, load, tagsOf }) {
    const client = new Redis(url)
    const cache = createCache({ store: redis(client), namespace: 'bench-zod' })
    const input = z.object({ id: z.string() })
    const tags = ({ id }: { id: string }) => tagsOf?.(id) ?? []
    const value = cache.define({ name: 'value', ttl: '1h', input, tags, load: ({ id }) => load(id) })
    return {
      name: 'millpond, Zod object as input',
      get: (id) => value.get({ id }),
      remove: (id) => value.delete({ id }),
      async close() {
        cache.close()
        client.disconnect()
      },
    }
  },
}

function openRaw(client: Redis): CachedFunction {
  return {
    name: CEILING,
    get: (id) => client.get(`raw:${id}`),
    remove: (id) => client.del(`raw:${id}`),
    async close() {},
  }
}

/** Hits in Redis of 64 callers over 1,000 entries, beside as many plain GETs. */
export async function measureHits(url: string, options: BenchOptions): Promise<Table> {
  const client = new Redis(url)
  const rows = []
  for (const { group, tags, tagsOf } of groups) {
    await client.flushall()
    for (const id of ids) await client.set(`raw:${id}`, JSON.stringify(toValue(id)))
    const contenders = [...all, withZod].filter(({ name }) => tags <= (mostTags[name] ?? tags))
    const setting = { url, load: async (id: string) => toValue(id), tagsOf }
    const opened = [openRaw(client), ...contenders.map(({ open }) => open(setting))].map((cached, index) => ({
      ...cached,
      name: contenders[index - 1]?.name ?? cached.name,
    }))
    for (const cached of opened)
      for (let from = 0; from < IDS; from += 100) await Promise.all(ids.slice(from, from + 100).map(cached.get))
    const adapters = opened.map((cached) => ({ name: cached.name, run: (index: number) => cached.get(idAt(index)) }))
    rows.push(...(await compareRates(adapters, { ...options, concurrency: CALLERS, group, ceiling: CEILING })))
    for (const cached of opened) await cached.close()
  }
  client.disconnect()
  return {
    id: 'cache-hits',
    title: 'Hits in Redis, 64 callers',
    note: 'Each hit is decoded. The ratio is to a raw ioredis GET of the same value, which is not decoded and checks no tag. Ours merges what the callers of one tick ask into one MGET.',
    ceiling: CEILING,
    measures: rateMeasures,
    rows,
  }
}
