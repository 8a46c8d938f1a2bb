import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from 'millpond-e2e/servers'
import { type OpenDatabase, openDatabase } from '../src/db/database.ts'

const appDir = join(import.meta.dirname, '..')

/** An empty database of the site, and what ends it with all that runs for it. */
export interface OpenedDatabase {
  readonly database: OpenDatabase
  close(): Promise<void>
}

/** PGlite in a folder of its own. */
export async function openPglite(): Promise<OpenedDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), 'headwater-database-'))
  const database = await openDatabase({ database: { kind: 'pglite' }, dataDir, appDir })
  return { database, close: () => database.close().then(() => rm(dataDir, { recursive: true, force: true })) }
}

/** A PostgreSQL server of its own. */
export async function openPostgres(): Promise<OpenedDatabase> {
  const postgres = await startPostgres()
  const url = await postgres.createDatabase()
  const database = await openDatabase({ database: { kind: 'postgres', url }, dataDir: '', appDir })
  return { database, close: () => database.close().then(() => postgres.stop()) }
}
