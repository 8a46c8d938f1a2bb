import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { countCost, type Row, type Table } from '../harness/index.ts'
import { all } from './contenders.ts'

interface Fleet {
  readonly processes: number
  /** Of each process, at once. */
  readonly reads: number
}

const fleets: readonly Fleet[] = [
  { processes: 4, reads: 100 },
  { processes: 8, reads: 200 },
]

/** Loads and commands when the processes of a fleet each read one cold entry many times at once, and loading it takes 200 ms. */
export async function measureFleet(url: string, originUrl: string): Promise<Table> {
  const watcher = new Redis(url)
  const origin = new Redis(originUrl)
  const rows: Row[] = []
  for (const { processes, reads } of fleets) {
    for (const { name } of all) {
      await Promise.all([watcher.flushall(), origin.flushall()])
      const workers = Array.from({ length: processes }, () =>
        fork(fileURLToPath(new URL('fleet-worker.ts', import.meta.url)), [name, url, originUrl, String(reads)], {
          execArgv: ['--import', 'tsx'],
        }),
      )
      await Promise.all(workers.map((worker) => once(worker, 'message')))
      await origin.flushall()
      const cost = await countCost(watcher, async () => {
        const done = workers.map((worker) => once(worker, 'message'))
        for (const worker of workers) worker.send('go')
        await Promise.all(done)
      })
      rows.push({
        contender: name,
        group: `${processes} processes × ${reads} reads`,
        values: { loads: Number(await origin.get('loads')), commands: cost.commands },
      })
      const gone = workers.map((worker) => once(worker, 'exit'))
      for (const worker of workers) worker.kill()
      await Promise.all(gone)
    }
  }
  watcher.disconnect()
  origin.disconnect()
  return {
    id: 'cache-fleet',
    title: 'A fleet reads one cold entry, loaded in 200 ms',
    measures: [
      { key: 'loads', title: 'loads', unit: '', better: 'lower', plot: true },
      { key: 'commands', title: 'commands', unit: '', better: 'lower' },
    ],
    rows,
  }
}
