import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import { FolderLockedError, lockFolder } from 'folder-lock'
import { openPostgres as openPostgresPool } from 'postgres-pool'
import type { Config } from '../config.ts'
import { codeOf } from '../log-error.ts'
import { StartupError } from '../startup-error.ts'
import * as schema from './schema/index.ts'

/** The database as queries see it, the same for PostgreSQL and PGlite. */
export type Database = PgDatabase<PgQueryResultHKT, typeof schema>
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0]

/** A database together with its connections. `ping` rejects when it does not answer. */
export type OpenDatabase = { db: Database; ping(): Promise<void>; close(): Promise<void> }

const MIGRATIONS = fileURLToPath(new URL('../../drizzle', import.meta.url))
const MIGRATION_LOCK = 7_163_041

/**
 * Opens the configured database and applies the migrations that it lacks.
 *
 * @throws StartupError when the server does not answer, or another process holds the PGlite folder
 */
export function openDatabase(config: Config['database']): Promise<OpenDatabase> {
  return config.kind === 'postgres' ? openPostgres(config.url) : openLockedPglite(config.folder)
}

/** Opens an embedded PGlite. Without a folder it lives in memory and is gone when it is closed. */
export async function openPglite(folder?: string): Promise<OpenDatabase> {
  const { PGlite } = await import('@electric-sql/pglite')
  const { drizzle } = await import('drizzle-orm/pglite')
  const { migrate } = await import('drizzle-orm/pglite/migrator')
  const client = await PGlite.create(folder ?? 'memory://')
  const db = drizzle(client, { schema })
  await migrate(db, { migrationsFolder: MIGRATIONS })
  return { db, ping: () => ping(db), close: () => client.close() }
}

async function openLockedPglite(folder: string): Promise<OpenDatabase> {
  const lock = await lockFolder(folder).catch((error: unknown) => {
    if (!(error instanceof FolderLockedError)) throw notWritable(folder, error)
    throw new StartupError(
      `Cannot open the database folder ${folder}: process ${error.pid} is using it; stop that process, or set DATA_DIR to another folder`,
    )
  })
  try {
    const opened = await openPglite(folder)
    return { ...opened, close: () => opened.close().finally(() => lock.release()) }
  } catch (error) {
    await lock.release()
    throw new StartupError(`Cannot open the database folder ${folder}: ${reason(error)}`, { cause: error })
  }
}

async function openPostgres(url: string): Promise<OpenDatabase> {
  try {
    const options = { url, schema, migrationsFolder: MIGRATIONS, migrationLock: MIGRATION_LOCK }
    const { db, close } = await openPostgresPool(options)
    return { db, ping: () => ping(db), close }
  } catch (error) {
    throw new StartupError(`Cannot open the database at ${hostOf(url)}: ${reason(error)}; check DATABASE_URL`, {
      cause: error,
    })
  }
}

/** Or the folder of its socket. */
function hostOf(url: string): string {
  const { host, searchParams } = new URL(url)
  return host || (searchParams.get('host') ?? '')
}

async function ping(db: Database): Promise<void> {
  await db.execute(sql`select 1`)
}

function notWritable(folder: string, cause: unknown): StartupError {
  const why = codeOf(cause) ?? reason(cause)
  return new StartupError(
    `Cannot open the database folder ${folder}: ${why}; set DATA_DIR to a folder that this user may write`,
    { cause },
  )
}

function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return 'unknown reason'
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
  return cause.message || code || cause.name
}
