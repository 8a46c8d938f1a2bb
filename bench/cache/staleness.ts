import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Row, Table } from '../harness/index.ts'
import { all, bentocache, type Contender, millpond, type Setting } from './contenders.ts'

const LOCAL_MS = 500
const GIVE_UP_MS = 2_000

async function measureOne({ open }: Contender, setting: Omit<Setting, 'load'>, trials: number): Promise<number[]> {
  let version = 0
  const load = async () => ({ version })
  const [here, there] = [0, 1].map(() => open({ ...setting, load }))
  if (!here || !there) return []
  await sleep(100)
  const times: number[] = []
  for (let trial = 0; trial < trials; trial += 1) {
    await here.get('id')
    await there.get('id')
    version += 1
    await (there.invalidate ? there.invalidate('tag') : there.remove('id'))
    const invalidatedAt = performance.now()
    let waited = 0
    for (; waited < GIVE_UP_MS; waited = performance.now() - invalidatedAt) {
      const answer = await here.get('id')
      const value = typeof answer === 'object' && answer !== null && 'value' in answer ? answer.value : answer
      if ((value as { version: number }).version === version) break
      await sleep(2)
    }
    times.push(waited)
  }
  await Promise.all([here.close(), there.close()])
  return times
}

/** For how long another process still serves from its memory what was invalidated. */
export async function measureStaleness(url: string, quick: boolean): Promise<Table> {
  const trials = quick ? 3 : 12
  const admin = new Redis(url)
  const rows: Row[] = []
  const ways = [
    ...all.map((contender) => ({ contender, name: contender.name, push: false })),
    { contender: millpond, name: 'millpond, client tracking', push: true },
    { contender: bentocache, name: 'bentocache, bus', push: true },
  ]
  for (const { contender, name, push } of ways) {
    await admin.flushall()
    const tagsOf = contender.name === 'cache-manager' ? () => [] : () => ['tag']
    const times = await measureOne(contender, { url, tagsOf, localMs: LOCAL_MS, push }, trials)
    rows.push({
      contender: name,
      group: `values kept ${LOCAL_MS} ms in memory`,
      values: { longest: Math.round(Math.max(...times)) },
    })
  }
  admin.disconnect()
  return {
    id: 'cache-staleness',
    title: 'Served from memory after an invalidation elsewhere',
    note: `The longest of ${trials}. Where a library has one time to live for memory and Redis, both have ${LOCAL_MS} ms. The race of an invalidation with a fill is a table of its own.`,
    measures: [{ key: 'longest', title: 'at most', unit: 'ms', better: 'lower', plot: true }],
    rows,
  }
}
