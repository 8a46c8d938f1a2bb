import { resolve } from 'node:path'
import { FolderLockedError } from 'folder-lock'
import { type Config, ConfigError, readConfig } from '../config.ts'
import { type OpenDatabase, openDatabase } from '../db/database.ts'
import { seedDemo } from '../waitlist/seed-demo.ts'
import { createSiteCache, type SiteCache } from './cache.ts'
import { createLimits, type Limits } from './limits.ts'
import { processSlot } from './process-slot.ts'
import { loadSecrets, type Secrets } from './secrets.ts'
import { createStore, describeStore, type Store } from './store.ts'

/** What the process has open while it serves. */
export interface Runtime {
  readonly config: Config
  readonly secrets: Secrets
  readonly database: OpenDatabase
  readonly store: Store
  readonly siteCache: SiteCache
  readonly limits: Limits
  /** True when server.mjs runs the site and writes the socket's address into a header of ours. */
  readonly hasSocketAddress: boolean
  close(): Promise<void>
}

/** Written by server.mjs before Next starts; absent under a plain `next start`. */
export interface Boot {
  readonly appDir: string
  /** Told once how the start came out: Next runs its instrumentation in the background in production. */
  onStarted(started: Started): void
}

export type Started =
  | { readonly status: 'ready'; readonly runtime: Runtime; readonly storeLine: string }
  | { readonly status: 'failed'; readonly messages: readonly string[] }

const bootSlot = processSlot<Boot>('boot')
const startedSlot = processSlot<Started>('started')

export class RuntimeMissingError extends Error {
  readonly code = 'ERR_RUNTIME_MISSING'
  constructor() {
    super('Cannot serve: the site has not been started (see instrumentation.ts)')
  }
}

async function openRuntime(config: Config, boot: Boot | undefined): Promise<Runtime> {
  const dataDir = resolve(config.dataDir)
  const appDir = boot?.appDir ?? process.cwd()
  const database = await openDatabase({ database: config.database, dataDir, appDir })
  try {
    const secrets = await loadSecrets({ given: config.secrets, dataDir })
    if (config.demoData) await seedDemo(database.db, new Date())
    const store = createStore(config.upstash)
    const siteCache = createSiteCache({ store, keySecret: secrets.cacheKey, db: database.db })
    const limits = createLimits({ store, keySecret: secrets.cacheKey })
    const close = async (): Promise<void> => {
      limits.close()
      await Promise.allSettled([siteCache.close()])
      await Promise.allSettled([store.close(), database.close()])
    }
    return { config, secrets, database, store, siteCache, limits, hasSocketAddress: boot !== undefined, close }
  } catch (error) {
    await database.close()
    throw error
  }
}

function toMessages(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.faults.map((fault) => `Cannot start: ${fault}`)
  if (error instanceof FolderLockedError) return [error.message]
  const cause =
    error instanceof Error ? error.message || ('code' in error ? String(error.code) : error.name) : String(error)
  return [`Cannot start: ${cause}`]
}

/**
 * Reads the environment, opens and migrates the database, and makes store, cache and limits: once per process.
 * Under server.mjs a failure is left for it to report; otherwise it is thrown.
 */
export async function startRuntime(): Promise<void> {
  if (startedSlot.read()?.status === 'ready') return
  const boot = bootSlot.read()
  try {
    const config = readConfig(process.env)
    const opened = await openRuntime(config, boot)
    const started: Started = { status: 'ready', runtime: opened, storeLine: describeStore(config.upstash) }
    startedSlot.write(started)
    boot?.onStarted(started)
  } catch (error) {
    if (boot === undefined) throw error
    boot.onStarted({ status: 'failed', messages: toMessages(error) })
  }
}

/** The open runtime. Throws {@link RuntimeMissingError} during a build, which must not open the database. */
export function runtime(): Runtime {
  const started = startedSlot.read()
  if (started?.status !== 'ready') throw new RuntimeMissingError()
  return started.runtime
}
