import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { type StartedPostgres, type StartedRedis, startPostgres, startRedis } from '../servers/index.ts'
import { type Part, startPart } from './child.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** The system under attack: two API processes, the site, the REST server, PostgreSQL, and Redis with a replica, all behind one proxy. */
export interface Target {
  /** Talks to Redis by itself. */
  readonly apiA: Part
  /** Talks to Redis through the REST server. */
  readonly apiB: Part
  readonly site: Part
  readonly rest: Part
  readonly postgres: StartedPostgres
  readonly databaseUrl: string
  /** Between Redis and all who use it. */
  readonly proxy: TcpProxy
  redis(): StartedRedis
  /** A connection to the Redis of the moment that no fault of the proxy reaches. */
  withRedis<Result>(use: (client: Redis) => Promise<Result>): Promise<Result>
  /** Ends Redis at once, and starts it empty on the same port. */
  killRedis(): Promise<void>
  /** Makes the replica the master, ends the old master, and gives the new one a replica. */
  failOver(): Promise<void>
  stop(): Promise<void>
}

/** Starts it in about 15 s. The site must be built. */
export async function startTarget(options: { random: () => number }): Promise<Target> {
  const stops: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end()
  }
  try {
    return await startParts(options, stops, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function startParts(
  { random }: { random: () => number },
  stops: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'millpond-faults-'))
  stops.push(() => rm(folder, { recursive: true, force: true }))
  const postgres = await startPostgres()
  stops.push(postgres.stop)
  const databaseUrl = await postgres.createDatabase()

  let master = await startRedis()
  let replica = await startReplica(master)
  stops.push(async () => void (await Promise.all([master.stop(), replica.stop()])))
  const proxy = await startTcpProxy({ target: master.port, random })
  stops.push(proxy.close)
  const redisUrl = `redis://127.0.0.1:${proxy.port}`

  const secret = { CACHE_KEY_SECRET: 'a secret that both processes of the API share' }
  const startApi = async (name: string, env: Record<string, string>) => {
    const part = await startPart({
      name,
      module: join(repository, 'apps/cloud-brain/dist/main.js'),
      cwd: join(repository, 'apps/cloud-brain'),
      env: {
        ...secret,
        ...env,
        DATABASE_URL: databaseUrl,
        DATA_DIR: join(folder, 'cloud-brain'),
        PORT: '0',
      },
    })
    stops.push(part.stop)
    return part
  }
  const token = 'the-token-of-the-rest-server'
  const rest = await startPart({
    name: 'the REST server',
    module: join(repository, 'packages/redis-rest/dist/cli.js'),
    // Those that use it know one address, so a later life listens where the first did.
    args: (first) => ['--redis', redisUrl, '--port', first === undefined ? '0' : new URL(String(first.url)).port],
    cwd: folder,
    env: { MILLPOND_REST_TOKEN: token },
  })
  stops.push(rest.stop)
  const upstash = { UPSTASH_REDIS_REST_URL: String(rest.ready.url), UPSTASH_REDIS_REST_TOKEN: token }
  // The second finds the tables that the first has made.
  const apiA = await startApi('API A', { REDIS_URL: redisUrl })
  const apiB = await startApi('API B', upstash)
  const site = await startPart({
    name: 'the site',
    module: join(repository, 'apps/website/server.mjs'),
    cwd: join(repository, 'apps/website'),
    env: { ...upstash, DATA_DIR: join(folder, 'website'), DEMO_DATA: '1', PORT: '0' },
  })
  stops.push(site.stop)

  const withRedis: Target['withRedis'] = async (use) => {
    const client = new Redis(master.url, { retryStrategy: null })
    client.on('error', () => {})
    try {
      return await use(client)
    } finally {
      client.disconnect()
    }
  }
  return {
    apiA,
    apiB,
    site,
    rest,
    postgres,
    databaseUrl,
    proxy,
    redis: () => master,
    withRedis,
    async killRedis() {
      const { port } = master
      await master.stop()
      master = await startRedis({ port })
      await pointAt(replica, master)
    },
    async failOver() {
      // As a coordinated fail-over does: clients wait, the replica catches up, then it is promoted. What asynchronous replication loses in any other is not ours to promise.
      proxy.setFault({ kind: 'black-hole' })
      await caughtUp(master, replica)
      await withClient(replica, (client) => client.replicaof('NO', 'ONE'))
      proxy.retarget(replica.port)
      proxy.setFault({ kind: 'none' })
      await master.stop()
      master = replica
      replica = await startReplica(master)
    },
    stop,
  }
}

async function startReplica(master: StartedRedis): Promise<StartedRedis> {
  const replica = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
  await pointAt(replica, master)
  return replica
}

async function pointAt(replica: StartedRedis, master: StartedRedis): Promise<void> {
  await withClient(replica, async (client) => {
    await client.replicaof('127.0.0.1', master.port)
    while (!/master_link_status:up/.test(await client.info('replication'))) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })
}

/** Both have stood still at one offset: nothing is on its way. */
async function caughtUp(master: StartedRedis, replica: StartedRedis): Promise<void> {
  const offsetOf = async (server: StartedRedis, field: string) => {
    let offset = ''
    await withClient(server, async (client) => {
      offset = new RegExp(`${field}:(\\d+)`).exec(await client.info('replication'))?.[1] ?? ''
    })
    return offset
  }
  for (;;) {
    const sent = await offsetOf(master, 'master_repl_offset')
    if (sent === (await offsetOf(replica, 'slave_repl_offset'))) return
  }
}

async function withClient(server: StartedRedis, use: (client: Redis) => Promise<unknown>): Promise<void> {
  const client = new Redis(server.url)
  try {
    await use(client)
  } finally {
    client.disconnect()
  }
}
