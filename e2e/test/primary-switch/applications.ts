import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type StartedPostgresPair, startPostgresPair, startRedis } from 'millpond-e2e/servers'
import { type Part, startPart } from '../../faults/child.ts'
import { removeFolder } from '../system/start-system.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

/** Three API processes that share Redis, and the site, all with their data at one address, behind which are a primary and its standby. */
export interface Applications {
  readonly pair: StartedPostgresPair
  /** The third writes nothing, so that no refused write tells it that the primary is another. */
  readonly apis: { readonly writers: readonly Part[]; readonly all: readonly Part[] }
  readonly site: Part
  readonly apiDatabase: string
  readonly siteDatabase: string
  stop(): Promise<void>
}

/** The applications must be built. */
export async function startApplications(): Promise<Applications> {
  const stops: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end()
  }
  try {
    const folder = await mkdtemp(join(tmpdir(), 'millpond-switch-'))
    stops.push(() => removeFolder(folder))
    const pair = await startPostgresPair()
    stops.push(pair.stop)
    const redis = await startRedis()
    stops.push(redis.stop)
    const apiDatabase = await pair.createDatabase()
    const siteDatabase = await pair.createDatabase()
    const start = async (name: string, app: string, module: string, env: Record<string, string>) => {
      const cwd = join(repository, 'apps', app)
      const own = { DATA_DIR: join(folder, app), PORT: '0' }
      const part = await startPart({ name, module: join(cwd, module), cwd, env: { ...own, ...env } })
      stops.push(part.stop)
      return part
    }
    const api = {
      DATABASE_URL: apiDatabase,
      REDIS_URL: redis.url,
      CACHE_KEY_SECRET: 'a secret that all processes of the API share',
    }
    const apiA = await start('API A', 'cloud-brain', 'dist/main.js', api)
    const apiB = await start('API B', 'cloud-brain', 'dist/main.js', api)
    const apiC = await start('API C', 'cloud-brain', 'dist/main.js', api)
    const site = await start('the site', 'website', 'server.mjs', { DATABASE_URL: siteDatabase })
    return { pair, apis: { writers: [apiA, apiB], all: [apiA, apiB, apiC] }, site, apiDatabase, siteDatabase, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
