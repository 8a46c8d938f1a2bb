import { Redis } from 'ioredis'
import { type CostOfOne, costMeasures, countCost, type Row, type Table } from '../harness/index.ts'
import { all, type CachedFunction, mostTags } from './contenders.ts'
import { ownTags, sharedTags, toValue } from './values.ts'

const TAGS = [0, 1, 5, 20]
const TIMES = 50

const oneByOne = async (run: (index: number) => Promise<unknown>): Promise<void> => {
  for (let index = 0; index < TIMES; index += 1) await run(index)
}

const toRow = (contender: string, group: string, { byCommand: _, ...cost }: CostOfOne): Row => ({
  contender,
  group,
  values: cost,
})

async function countOne(cached: CachedFunction, watcher: Redis, tags: number): Promise<Row[]> {
  const { name } = cached
  const label = tags === 1 ? '1 tag' : `${tags} tags`
  const fresh = `${name}-${tags}`
  await cached.get(`user-${fresh}-warm`)
  const miss = await countCost(watcher, () => oneByOne((index) => cached.get(`user-${fresh}-${index}`)), TIMES)
  const hit = await countCost(watcher, () => oneByOne((index) => cached.get(`user-${fresh}-${index}`)), TIMES)
  const rows = [toRow(name, `a hit, ${label}`, hit), toRow(name, `a miss, ${label}`, miss)]
  if (cached.invalidate && tags > 0) {
    const { invalidate } = cached
    const one = await countCost(watcher, () => oneByOne((index) => invalidate(`tag-0-${index}`)), TIMES)
    rows.push(toRow(name, `invalidating a tag, ${label}`, one))
  }
  return rows
}

/** Commands, round trips and bytes of one operation, as the server counts them. */
export async function measureCost(url: string): Promise<Table> {
  const watcher = new Redis(url)
  const rows: Row[] = []
  for (const tags of TAGS) {
    for (const { name, open } of all) {
      if (tags > (mostTags[name] ?? tags)) continue
      await watcher.flushall()
      const cached = open({ url, load: async (id) => toValue(id), tagsOf: ownTags(tags) })
      rows.push(...(await countOne(cached, watcher, tags)))
      await cached.close()
    }
  }
  watcher.disconnect()
  return {
    id: 'cache-cost',
    title: 'What one operation costs',
    note: 'One operation at a time, tags that no other entry has. Commands inside scripts are counted. Ours has one MGET for a hit whatever the number of tags.',
    measures: costMeasures,
    rows,
  }
}

/** Whether an operation grows with the keyspace, or an invalidation with the entries that have its tag. */
export async function measureFlatness(url: string): Promise<Table> {
  const watcher = new Redis(url)
  const rows: Row[] = []
  for (const keys of [1_000, 10_000, 100_000, 1_000_000]) {
    await watcher.flushall()
    await watcher.call('DEBUG', 'POPULATE', keys, 'filler', 100)
    const [contender] = all
    const cached = contender?.open({ url, load: async (id) => toValue(id), tagsOf: sharedTags(5) })
    if (!cached?.invalidate) continue
    const { invalidate } = cached
    await cached.get('user-0')
    const group = `among ${keys.toLocaleString('en')} keys`
    rows.push(await timed(`hit, 5 tags`, group, watcher, () => cached.get('user-0')))
    rows.push(await timed('invalidate a tag', group, watcher, () => invalidate('tag-0-0')))
    await cached.close()
  }
  for (const tagged of [10, 1_000, 100_000]) {
    await watcher.flushall()
    const [contender] = all
    const cached = contender?.open({ url, load: async (id) => toValue(id), tagsOf: () => ['tag'] })
    if (!cached?.invalidate) continue
    const { invalidate } = cached
    for (let from = 0; from < tagged; from += 500) {
      await Promise.all(
        Array.from({ length: Math.min(500, tagged - from) }, (_, index) => cached.get(`user-${from + index}`)),
      )
    }
    const group = `a tag of ${tagged.toLocaleString('en')} entries`
    rows.push(await timed('invalidate a tag', group, watcher, () => invalidate('tag')))
    await cached.close()
  }
  watcher.disconnect()
  return {
    id: 'cache-flat',
    title: 'Nothing grows with the keyspace',
    note: 'Ours, one operation at a time.',
    measures: [
      { key: 'commands', title: 'commands', unit: '', better: 'lower' },
      { key: 'microseconds', title: 'median', unit: 'µs', better: 'lower' },
    ],
    rows,
  }
}

async function timed(contender: string, group: string, watcher: Redis, run: () => Promise<unknown>): Promise<Row> {
  const times: number[] = []
  const cost = await countCost(
    watcher,
    async () => {
      for (let turn = 0; turn < 200; turn += 1) {
        const before = performance.now()
        await run()
        times.push(performance.now() - before)
      }
    },
    200,
  )
  const median = times.sort((a, b) => a - b)[100] ?? 0
  return { contender, group, values: { commands: cost.commands, microseconds: Math.round(median * 1_000) } }
}
