/** The REST server beside a bare `node:http` server and a direct connection. See README.md. */
import { Redis } from 'ioredis'
import { startRedis } from 'millpond-e2e/servers'
import { readOptions, startRest, type Table, writeResults } from '../harness/index.ts'
import { measureConnections } from './connections.ts'
import { createPipelines, createSingles } from './kinds.ts'
import { compareKinds } from './rates.ts'
import { startBare } from './start-bare.ts'

const options = readOptions()
const server = await startRedis()
const redis = new Redis(server.url)
const [rest, bare] = await Promise.all([startRest(server.url), startBare()])
const servers = { rest, bare, redis }

const questions: Readonly<Record<string, () => Promise<Table>>> = {
  single: async () =>
    compareKinds(servers, await createSingles(redis), options, {
      id: 'single',
      title: 'Single commands over REST',
      note: 'One command a request. The bare server reads nothing and answers a constant: the most that node:http does.',
    }),
  pipelines: async () =>
    compareKinds(servers, await createPipelines(redis), options, {
      id: 'pipelines',
      title: 'Pipelines over REST',
      note: 'GETs in one request. The bare server answers the same constant to all of them.',
    }),
  ...(options.quick ? {} : { connections: () => measureConnections(server.url) }),
}

const tables: Table[] = []
for (const [name, ask] of Object.entries(questions)) {
  if (options.only === undefined || name.includes(options.only)) tables.push(await ask())
}
await writeResults('rest', { title: 'The REST server', options, tables, redis })
redis.disconnect()
await Promise.all([rest.stop(), bare.stop()])
await server.stop()
