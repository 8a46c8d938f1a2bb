import { resolve } from 'node:path'
import { sql } from 'drizzle-orm'
import { FolderLockedError } from 'folder-lock'
import { type Config, ConfigError, readConfig } from '../config.ts'
import { type OpenDatabase, openDatabase } from '../db/database.ts'
import { createHealth, type Health } from '../health/health.ts'
import { describeFailure } from '../mail/describe-failure.ts'
import { localMailbox } from '../mail/local-mailbox.ts'
import { type Mailer, startMailer } from '../mail/mailer.ts'
import { resend } from '../mail/resend.ts'
import { type Janitor, startJanitor } from '../retention/janitor.ts'
import { startFakeSupporters } from '../support/fake-supporters.ts'
import { type SyncOutcome, syncSupport } from '../support/sync-support.ts'
import { createFiguresStreams, type FiguresStreams } from '../waitlist/figures-streams.ts'
import { seedDemo } from '../waitlist/seed-demo.ts'
import { createSiteCache, type SiteCache, waitlistTag } from './cache.ts'
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
  readonly health: Health
  /** The list's figures for whoever watches them. */
  readonly figuresStreams: FiguresStreams
  /** True when server.mjs runs the site and writes the socket's address into a header of ours. */
  readonly hasSocketAddress: boolean
  /** True in development without a mail provider: mails are kept and shown at /dev/mail. */
  readonly hasLocalMailbox: boolean
  /** Begins to send what is in the outbox, with links to `url` unless SITE_URL says otherwise, and to delete what was kept for its time. Once per process. */
  serveAt(url: string): void
  /** Where the site is reached; undefined before {@link serveAt} when SITE_URL is not given. */
  publicUrl(): string | undefined
  /** Something was put into the outbox. Resolves when that was looked after; a function that is stopped earlier would leave it there. */
  nudgeMailer(): Promise<void>
  /** Somebody joined, confirmed, left or took another name: whatever is computed from the list is read anew from now on. */
  waitlistChanged(): Promise<void>
  /** Reads the supporters when it is time; `isEmptyBelieved` as in `syncSupport()`. Undefined where there is no source of them. */
  syncSupport(options: { isEmptyBelieved: boolean }): Promise<SyncOutcome | undefined>
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
  const database = await openDatabase({ database: config.database, dataDir, appDir }).catch((error: unknown) => {
    if (error instanceof FolderLockedError) throw error
    throw toConfigError(config.database.kind === 'postgres' ? 'DATABASE_URL' : 'DATA_DIR', error)
  })
  try {
    const secrets = await loadSecrets({ given: config.secrets, dataDir }).catch((error: unknown) => {
      throw toConfigError('DATA_DIR', error)
    })
    if (config.demoData) await seedDemo(database.db, new Date())
    const store = createStore(config.upstash)
    // A demonstration has supporters too, from a server on this machine that speaks the same protocol.
    const fake = config.supporters === undefined && config.demoData ? await startFakeSupporters() : undefined
    const supporters = config.supporters ?? fake
    const readSupport: Runtime['syncSupport'] = async ({ isEmptyBelieved }) => {
      if (supporters === undefined) return undefined
      const source = { url: supporters.url, token: supporters.token, keySecret: secrets.cacheKey }
      return syncSupport(database.db, { source, now: () => new Date(), isEmptyBelieved })
    }
    const siteCache = createSiteCache({
      store,
      keySecret: secrets.cacheKey,
      db: database.db,
      syncSupport: () => readSupport({ isEmptyBelieved: false }),
    })
    const limits = createLimits({ store, keySecret: secrets.cacheKey })
    const health = createHealth({
      pingDatabase: async () => database.db.execute(sql`select 1`),
      pingStore: () => store.ping(),
      testCache: () => siteCache.cache.selfTest(),
      testLimiter: () => limits.selfTest(),
      now: () => performance.now(),
    })
    const figuresStreams = createFiguresStreams({ read: async () => (await siteCache.stats.get()).value })
    const transport = config.mail === undefined ? localMailbox(database.db) : resend(config.mail)
    const waitlistChanged = async (): Promise<void> => {
      await siteCache.cache.invalidate([waitlistTag])
      figuresStreams.nudge()
    }
    let mailer: Mailer | undefined
    let janitor: Janitor | undefined
    let publicUrl = config.siteUrl
    const serveAt = (url: string): void => {
      publicUrl ??= url
      mailer ??= startMailer({
        db: database.db,
        transport,
        baseUrl: publicUrl,
        secret: secrets.cookie,
        teamEmail: config.teamEmail,
        now: () => new Date(),
        onFailure: (failure) => console.error(describeFailure(failure)),
      })
      janitor ??= startJanitor({
        db: database.db,
        now: () => new Date(),
        onDeleted: async ({ people, messages, mails }) => {
          console.log(
            `Kept for their time and deleted: ${people} people, ${messages} messages, ${mails} notes of mails`,
          )
          if (people > 0) await waitlistChanged()
        },
      })
    }
    // Its first answer takes a connection and TLS, which is more than a take or a read may wait for: the first visitors would be served without it.
    await health.isStoreUp()
    // Without server.mjs nobody will say where the site is; a deployment has to.
    if (boot === undefined && config.siteUrl !== undefined) serveAt(config.siteUrl)
    const close = async (): Promise<void> => {
      figuresStreams.close()
      await Promise.all([mailer?.close(), janitor?.close()])
      await fake?.close()
      await Promise.allSettled([siteCache.close(), limits.close()])
      await Promise.allSettled([store.close(), database.close()])
    }
    return {
      config,
      secrets,
      database,
      store,
      siteCache,
      limits,
      health,
      figuresStreams,
      hasSocketAddress: boot !== undefined,
      hasLocalMailbox: transport.kind === 'local' && config.appEnv === 'development',
      serveAt,
      publicUrl: () => publicUrl,
      nudgeMailer: async () => mailer?.nudge(),
      waitlistChanged,
      syncSupport: readSupport,
      close,
    }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Names the variable that led to what cannot be used. */
function toConfigError(name: 'DATABASE_URL' | 'DATA_DIR', error: unknown): ConfigError {
  return new ConfigError([`${name} cannot be used: ${toReason(error)}`])
}

function toReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || ('code' in error ? String(error.code) : error.name)
}

function toMessages(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.faults.map((fault) => `Cannot start: ${fault}`)
  if (error instanceof FolderLockedError) return [error.message]
  return [`Cannot start: ${toReason(error)}`]
}

/**
 * Reads the environment, opens and migrates the database, and makes store, cache and limits: once per process.
 * Under server.mjs a failure is left for it to report; otherwise it is thrown.
 */
export async function startRuntime(): Promise<void> {
  if (startedSlot.read()?.status === 'ready') return
  const boot = bootSlot.read()
  try {
    const config = readConfig(process.env, { hasOwnServer: boot !== undefined })
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

/** Whether /dev/mail is there; false during a build. */
export function hasLocalMailbox(): boolean {
  const started = startedSlot.read()
  return started?.status === 'ready' && started.runtime.hasLocalMailbox
}

/** Where the site is reached, if that is known yet. */
export function publicUrl(): string | undefined {
  const started = startedSlot.read()
  return started?.status === 'ready' ? started.runtime.publicUrl() : undefined
}
