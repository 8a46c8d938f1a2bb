import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import pg from 'pg'

const CONNECT_TIMEOUT_MS = 5_000
const STATEMENT_TIMEOUT_MS = 10_000
/** For a server that does not even answer that a statement took too long. */
const QUERY_TIMEOUT_MS = 15_000
const GRACE_MS = 3_000

/** @type {typeof import('./index.d.mts').openPostgres} */
export async function openPostgres({
  url,
  schema,
  migrationsFolder,
  migrationLock,
  connections = 10,
  onLost = () => {},
}) {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
  })
  // Without listeners, for those in the pool and those in use, a connection that breaks ends the process.
  pool.on('error', onLost)
  pool.on('connect', (client) => client.on('error', () => {}))
  const close = createClose(pool)
  try {
    await migrateAlone(url, { migrationsFolder, migrationLock })
  } catch (error) {
    await close()
    throw error
  }
  const db = drizzle(pool, { schema })
  return {
    db: Object.assign(db, { transaction: createTransaction(pool, (client) => drizzle(client, { schema })) }),
    close,
  }
}

/**
 * On a connection of its own, which may wait for the lock as long as it takes.
 *
 * @param {string} url
 * @param {{ migrationsFolder: string, migrationLock: number }} options
 */
async function migrateAlone(url, { migrationsFolder, migrationLock }) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select pg_advisory_lock($1)', [migrationLock])
    await migrate(drizzle(client), { migrationsFolder })
  } finally {
    await client.end()
  }
}

/**
 * Drizzle's own transaction keeps the connection when `begin` fails, which is what happens when the server has just gone away: a few of these and the pool has none left, also once the server is
 * back. A connection whose transaction failed may still be busy with a statement that was given up.
 *
 * @template {Record<string, unknown>} Schema
 * @param {pg.Pool} pool
 * @param {(client: pg.PoolClient) => import('drizzle-orm/node-postgres').NodePgDatabase<Schema>} open
 * @returns {import('drizzle-orm/node-postgres').NodePgDatabase<Schema>['transaction']}
 */
function createTransaction(pool, open) {
  /** @type {WeakMap<pg.PoolClient, import('drizzle-orm/node-postgres').NodePgDatabase<Schema>>} */
  const known = new WeakMap()
  /** @param {pg.PoolClient} client */
  const toDatabase = (client) => {
    const database = known.get(client) ?? open(client)
    known.set(client, database)
    return database
  }
  return async (run, config) => {
    const client = await pool.connect()
    let failed = true
    try {
      const result = await toDatabase(client).transaction(run, config)
      failed = false
      return result
    } finally {
      client.release(failed)
    }
  }
}

/**
 * The pool's own `end` waits for ever for a connection whose user never gives it back.
 *
 * @param {pg.Pool} pool
 */
function createClose(pool) {
  /** @type {Set<pg.PoolClient & { end?(): Promise<void> }>} */
  const open = new Set()
  pool.on('connect', (client) => open.add(client))
  pool.on('remove', (client) => open.delete(client))
  return async () => {
    /** @type {NodeJS.Timeout | undefined} */
    let timer
    const grace = new Promise((resolve) => {
      timer = setTimeout(resolve, GRACE_MS)
    })
    await Promise.race([pool.end(), grace])
    clearTimeout(timer)
    // Nobody waits for these: a server that hangs would not answer the goodbye either.
    for (const client of open) void client.end?.().catch(() => {})
  }
}

/** @type {typeof import('./index.d.mts').isDatabaseAway} */
export function isDatabaseAway(error) {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return false
  const code = 'code' in cause ? String(cause.code) : ''
  return (
    /^(08|40|53|57P|57014)/.test(code) ||
    /^(ECONN|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)/.test(code) ||
    // pg gives these no code.
    /timeout exceeded when trying to connect|timeout expired|Connection terminated|is not queryable|Query read timeout/.test(
      cause.message,
    )
  )
}

/** @type {typeof import('./index.d.mts').isPostgresUrl} */
export function isPostgresUrl(value) {
  if (!URL.canParse(value)) return false
  const { protocol, hostname, username, password, searchParams } = new URL(value)
  if (!/^postgres(ql)?:$/.test(protocol) || (hostname === '' && !searchParams.get('host'))) return false
  try {
    decodeURIComponent(username + password)
    return true
  } catch {
    return false
  }
}
