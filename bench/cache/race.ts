import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Row, Table } from '../harness/index.ts'
import { all, type Contender } from './contenders.ts'

/**
 * Forces the race that every cache has: a reader has read the database and not filled yet when a writer commits and invalidates. Whoever reads after the invalidation has resolved must not get what was
 * read before it.
 */
async function countStale(contender: Contender, url: string, by: 'tag' | 'key', trials: number): Promise<number> {
  const database = new Map<string, number>()
  let hold: Promise<void> = Promise.resolve()
  let reached = () => {}
  const load = async (id: string) => {
    const version = database.get(id) ?? 0
    reached()
    await hold
    return { version }
  }
  const tagsOf = (id: string) => (by === 'tag' ? [`tag-${id}`] : [])
  const [reader, writer, later] = [0, 1, 2].map(() => contender.open({ url, load, tagsOf }))
  if (!reader || !writer || !later) return Number.NaN
  let stale = 0
  for (let trial = 0; trial < trials; trial += 1) {
    const id = `${contender.name}-${by}-${trial}`
    database.set(id, 1)
    let release = () => {}
    hold = new Promise((resolve) => {
      release = resolve
    })
    const loading = new Promise<void>((resolve) => {
      reached = resolve
    })
    const early = reader.get(id)
    await loading
    database.set(id, 2)
    await (by === 'tag' ? writer.invalidate?.(`tag-${id}`) : writer.remove(id))
    hold = Promise.resolve()
    // As long as a quick load takes: libraries that compare times in milliseconds are not to pass because all happened within one.
    await sleep(5)
    release()
    await early
    const answer = await later.get(id)
    const value = typeof answer === 'object' && answer !== null && 'value' in answer ? answer.value : answer
    if ((value as { version: number }).version !== 2) stale += 1
  }
  for (const each of [reader, writer, later]) await each.close()
  return stale
}

/** Stale reads after an invalidation that raced a fill. */
export async function measureRace(url: string, quick: boolean): Promise<Table> {
  const trials = quick ? 20 : 100
  const admin = new Redis(url)
  const rows: Row[] = []
  for (const by of ['tag', 'key'] as const) {
    for (const contender of all) {
      if (by === 'tag' && contender.name === 'cache-manager') continue
      await admin.flushall()
      const stale = await countStale(contender, url, by, trials)
      rows.push({
        contender: contender.name,
        group: `invalidated by ${by}`,
        values: { stale, trials, share: stale / trials },
      })
    }
  }
  admin.disconnect()
  return {
    id: 'cache-race',
    title: 'Stale reads when an invalidation races a fill',
    note: 'Three instances on one Redis. The reader has read the database when the writer commits and invalidates; the third reads after the invalidation was acknowledged and the reader has ended.',
    measures: [
      { key: 'stale', title: 'stale', unit: '', better: 'lower' },
      { key: 'trials', title: 'trials', unit: '', better: 'neither' },
      { key: 'share', title: 'share', unit: '', better: 'lower', plot: true },
    ],
    rows,
  }
}
