import { join } from 'node:path'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import { lockFolder, makeFolder } from 'folder-lock'
import { openPostgres as openPostgresPool } from 'postgres-pool'
import * as schema from './schema.ts'

/** The site's database: PostgreSQL, or the same embedded; queries are written once against this. */
export type Database = PgDatabase<PgQueryResultHKT, typeof schema>
/** What a query may run on: the database, or a transaction of it. */
export type Queryable = Pick<Database, 'select' | 'insert' | 'delete' | 'update' | 'execute'>

export interface OpenDatabase {
  readonly kind: 'postgres' | 'pglite'
  readonly db: Database
  close(): Promise<void>
}

const migrationsFolder = (appDir: string): string => join(appDir, 'drizzle')

/** Any number; all instances of the site wait for one another on it while they migrate. */
const migrationLock = 4_157_001

async function openPostgres(url: string, options: { appDir: string; connections: number }): Promise<OpenDatabase> {
  const { db, close } = await openPostgresPool({
    url,
    schema,
    migrationsFolder: migrationsFolder(options.appDir),
    migrationLock,
    connections: options.connections,
    onLost: ({ message }) => console.error(`Database connection lost: ${message}`),
  })
  return { kind: 'postgres', db, close }
}

async function openEmbedded(dataDir: string, appDir: string): Promise<OpenDatabase> {
  const folder = join(dataDir, 'db')
  // The lock lies beside the folder, and an image may write inside of the data's folder only.
  const lock = await lockFolder(folder)
  try {
    const [{ PGlite }, { drizzle }, { migrate }] = await Promise.all([
      import('@electric-sql/pglite'),
      import('drizzle-orm/pglite'),
      import('drizzle-orm/pglite/migrator'),
    ])
    await makeFolder(folder)
    const pglite = await PGlite.create(folder)
    const db = drizzle(pglite, { schema })
    await migrate(db, { migrationsFolder: migrationsFolder(appDir) })
    return { kind: 'pglite', db, close: () => pglite.close().finally(() => lock.release()) }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/**
 * Opens the database and brings its tables up to date. An embedded folder is locked for this process until `close`.
 * `appDir` is the folder of the site, which has the migrations. Throws FolderLockedError, or the driver's error.
 */
export function openDatabase(options: {
  database: { kind: 'postgres'; url: string } | { kind: 'pglite' }
  dataDir: string
  appDir: string
  /** At most so many connections to PostgreSQL; default 10. */
  connections?: number
}): Promise<OpenDatabase> {
  return options.database.kind === 'postgres'
    ? openPostgres(options.database.url, { appDir: options.appDir, connections: options.connections ?? 10 })
    : openEmbedded(options.dataDir, options.appDir)
}
