/** Caches beside each other: hits, cost, flatness, races, a fleet, an outage, staleness. See README.md. */
import { Redis } from 'ioredis'
import { startRedis } from 'millpond-e2e/servers'
import { readOptions, type Table, writeResults } from '../harness/index.ts'
import { measureCost, measureFlatness } from './cost.ts'
import { measureFleet } from './fleet.ts'
import { measureHits } from './hits.ts'
import { measureLocal } from './local.ts'
import { measureOutage } from './outage.ts'
import { measureRace } from './race.ts'
import { measureStaleness } from './staleness.ts'

const options = readOptions()
const { quick } = options
const [server, origin] = await Promise.all([startRedis({ args: ['--enable-debug-command', 'local'] }), startRedis()])

const questions: Readonly<Record<string, () => Promise<Table>>> = {
  hits: () => measureHits(server.url, options),
  local: () => measureLocal(server.url, options),
  cost: () => measureCost(server.url),
  flat: () => measureFlatness(server.url),
  race: () => measureRace(server.url, quick),
  fleet: () => measureFleet(server.url, origin.url),
  outage: () => measureOutage(quick),
  staleness: () => measureStaleness(server.url, quick),
}

const tables: Table[] = []
for (const [name, ask] of Object.entries(questions)) {
  if (options.only !== undefined && !name.includes(options.only)) continue
  tables.push(await ask())
}
const watcher = new Redis(server.url)
await writeResults('cache', { title: 'Caches', options, tables, redis: watcher })
watcher.disconnect()
await Promise.all([server.stop(), origin.stop()])
process.exit(0)
