import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis } from 'millpond-e2e/servers'
import type { Row, Table } from '../harness/index.ts'
import { all, type CachedFunction } from './contenders.ts'

const READS = 20

type Outcome = { readonly ms: number; readonly how: 'answered' | 'threw' | 'hung' }

async function attempt(cached: CachedFunction, id: string, patienceMs: number): Promise<Outcome> {
  const startedAt = performance.now()
  const after = () => Math.round(performance.now() - startedAt)
  const hung = sleep(patienceMs).then(() => 'hung' as const)
  const answer = cached.get(id).then(
    () => 'answered' as const,
    () => 'threw' as const,
  )
  const how = await Promise.race([answer, hung])
  return { ms: after(), how }
}

const toWords = ({ ms, how }: Outcome) => (how === 'hung' ? `hangs over ${ms / 1_000} s` : `${how} after ${ms} ms`)

/** What a read whose loader works waits for when Redis takes connections and answers nothing (SIGSTOP). Everyone's own settings. */
export async function measureOutage(quick: boolean): Promise<Table> {
  const patienceMs = quick ? 1_500 : 6_000
  const rows: Row[] = []
  for (const contender of all) {
    const server = await startRedis()
    const cached = contender.open({ url: server.url, load: async (id) => ({ id }) })
    await cached.get('warm')
    server.kill('SIGSTOP')
    const outcomes: Outcome[] = []
    for (let read = 0; read < READS && outcomes.at(-1)?.how !== 'hung'; read += 1)
      outcomes.push(await attempt(cached, `cold-${read}`, patienceMs))
    const [first] = outcomes
    const last = outcomes.at(-1)
    if (first && last)
      rows.push({
        contender: contender.name,
        group: '',
        values: { first: toWords(first), later: outcomes.length > 1 ? toWords(last) : '–' },
      })
    server.kill('SIGCONT')
    await Promise.race([cached.close().catch(() => {}), sleep(500)])
    await server.stop()
  }
  return {
    id: 'cache-outage',
    title: 'A read while Redis hangs',
    note: `Redis stopped by SIGSTOP; ${READS} reads one after the other, each of an entry that is not there, with a loader that works at once. Default settings of each library.`,
    measures: [
      { key: 'first', title: 'the first read', unit: '', better: 'neither' },
      { key: 'later', title: `the ${READS}th`, unit: '', better: 'neither' },
    ],
    rows,
  }
}
