import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import pg from 'pg'

const CONNECT_TIMEOUT_MS = 5_000
const STATEMENT_TIMEOUT = { statement_timeout: 10_000 }
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
  await migrateAlone(url, { migrationsFolder, migrationLock })
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    ...((await takesStatementTimeout(url)) && STATEMENT_TIMEOUT),
  })
  // Without listeners, for those in the pool and those in use, a connection that breaks ends the process.
  pool.on('error', onLost)
  pool.on('connect', (client) => client.on('error', () => {}))
  const close = createClose(pool)
  const db = drizzle(pool, { schema })
  return {
    db: Object.assign(db, { transaction: createTransaction(pool, (client) => drizzle(client, { schema })) }),
    close,
  }
}

/**
 * In one transaction, which waits for the lock as long as it takes and gives it up when it ends. A lock of the session would stay behind in a pooler such as PgBouncer, whose connections outlive ours.
 *
 * @param {string} url
 * @param {{ migrationsFolder: string, migrationLock: number }} options
 */
async function migrateAlone(url, { migrationsFolder, migrationLock }) {
  await withClient({ connectionString: url }, async (client) => {
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock($1)', [migrationLock])
    // It begins and ends a transaction too, which is this one: within one PostgreSQL takes no second.
    await migrate(drizzle(client), { migrationsFolder })
  })
}

/**
 * Whether the timeout can be given when connecting. PgBouncer refuses (08P01): the settings of a connection that many share are not ours.
 *
 * @param {string} url
 */
async function takesStatementTimeout(url) {
  try {
    await withClient({ connectionString: url, ...STATEMENT_TIMEOUT }, async () => {})
    return true
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '08P01') return false
    throw error
  }
}

/**
 * @param {pg.ClientConfig} config
 * @param {(client: pg.Client) => Promise<void>} run
 */
async function withClient(config, run) {
  const client = new pg.Client({ ...config, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  client.on('error', () => {})
  try {
    await client.connect()
    await run(client)
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
    /^(08|40|53|57P|57014|25006|25P0[34]|55P03)/.test(code) ||
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
