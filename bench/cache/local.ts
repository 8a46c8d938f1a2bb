import { Redis } from 'ioredis'
import { type BenchOptions, compareRates, type Row, type Spread, type Table } from '../harness/index.ts'
import { all, type Contender, millpond } from './contenders.ts'
import { idAt, ids, sharedTags, toValue } from './values.ts'

const MINUTES_MS = 600_000

const frozen: Contender = {
  name: 'millpond, frozen',
  open: (setting) => ({ ...millpond.open({ ...setting, frozen: true }), name: 'millpond, frozen' }),
}

function toNanoseconds(perSecond: Spread): Spread {
  const of = (rate: number) => Number((1e9 / rate).toPrecision(4))
  return { median: of(perSecond.median), q1: of(perSecond.q3), q3: of(perSecond.q1), n: perSecond.n }
}

/** One caller reading 1,000 values that all lie in memory. */
export async function measureLocal(url: string, options: BenchOptions): Promise<Table> {
  const admin = new Redis(url)
  const rows: Row[] = []
  const kinds = [
    { group: 'a string', load: async (id: string): Promise<unknown> => `value of ${id}`, tags: 0 },
    { group: 'an object', load: async (id: string): Promise<unknown> => toValue(id), tags: 0 },
    { group: 'an object with a tag', load: async (id: string): Promise<unknown> => toValue(id), tags: 1 },
  ]
  for (const { group, load, tags } of kinds) {
    await admin.flushall()
    const contenders = [frozen, ...all].filter(({ name }) => tags === 0 || name !== 'cache-manager')
    const opened = contenders.map(({ open }) => open({ url, load, tagsOf: sharedTags(tags), localMs: MINUTES_MS }))
    const adapters = opened.map((cached) => ({
      name: cached.name,
      run: (index: number) => cached.get(idAt(index)),
      async prepare() {
        for (const id of ids) await cached.get(id)
      },
    }))
    const rates = await compareRates(adapters, { ...options, concurrency: 1, batch: 200, group })
    rows.push(
      ...rates.map(({ contender, values }) => ({
        contender,
        group,
        values: { ns: toNanoseconds(values.perSecond as Spread) },
      })),
    )
    for (const cached of opened) await cached.close()
  }
  admin.disconnect()
  return {
    id: 'cache-local',
    title: 'A hit in memory',
    note: 'One caller, 1,000 values. layered-loader hands out one object that callers must not change; the others, ours without `frozen` among them, decode or copy a value for each reader. A string cannot be changed, and is shared by ours either way.',
    measures: [{ key: 'ns', title: 'a hit', unit: 'ns', better: 'lower', plot: true }],
    rows,
  }
}
