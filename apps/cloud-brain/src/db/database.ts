import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import { FolderLockedError, lockFolder } from 'folder-lock'
import type { Config } from '../config.ts'
import { codeOf } from '../log-error.ts'
import { StartupError } from '../startup-error.ts'
import { poolCloser } from './close-pool.ts'
import { pooledTransaction } from './pooled-transaction.ts'
import * as schema from './schema/index.ts'

/** The database as queries see it, the same for PostgreSQL and PGlite. */
export type Database = PgDatabase<PgQueryResultHKT, typeof schema>
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0]

/** A database together with its connections. `ping` rejects when it does not answer. */
export type OpenDatabase = { db: Database; ping(): Promise<void>; close(): Promise<void> }

const MIGRATIONS = fileURLToPath(new URL('../../drizzle', import.meta.url))
const MIGRATION_LOCK = 7_163_041
const CONNECT_TIMEOUT_MS = 5000
const STATEMENT_TIMEOUT_MS = 10_000
/** For a server that does not even answer that a statement took too long. */
const QUERY_TIMEOUT_MS = 15_000

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
  const { Pool } = (await import('pg')).default
  const { drizzle } = await import('drizzle-orm/node-postgres')
  const pool = new Pool({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
  })
  // A connection that breaks fails the query it was running, if any, and is replaced; without listeners, for those in
  // the pool and those in use, it would end the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  const closePool = poolCloser(pool)
  const db = Object.assign(drizzle(pool, { schema }), { transaction: pooledTransaction(pool, drizzle) })
  try {
    await migratePostgres(url)
  } catch (error) {
    await closePool()
    throw new StartupError(`Cannot open the database at ${new URL(url).host}: ${reason(error)}; check DATABASE_URL`, {
      cause: error,
    })
  }
  return { db, ping: () => ping(db), close: closePool }
}

/** Migrates on a connection of its own, under a lock, so that two instances that start together do not collide. */
async function migratePostgres(url: string): Promise<void> {
  const { Client } = (await import('pg')).default
  const { drizzle } = await import('drizzle-orm/node-postgres')
  const { migrate } = await import('drizzle-orm/node-postgres/migrator')
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    await migrate(drizzle(client), { migrationsFolder: MIGRATIONS })
  } finally {
    await client.end()
  }
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
