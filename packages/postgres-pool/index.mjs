import { setTimeout as sleep } from 'node:timers/promises'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import pg from 'pg'

const CONNECT_TIMEOUT_MS = 5_000
const STATEMENT_TIMEOUT = { statement_timeout: 10_000 }
/** For a server that does not even answer that a statement took too long. */
const QUERY_TIMEOUT_MS = 15_000
/** For one statement of a migration, which may rebuild a table. */
const MIGRATION_TIMEOUT_MS = 600_000
const LOCK_POLL_MS = 200
const GRACE_MS = 3_000
/** An old primary that is cut off and lives on gives old answers to whoever is still connected to it and writes nothing, so that nothing tells. */
const MAX_LIFETIME_SECONDS = 60
const READ_ONLY = '25006'
const OUTCOME_UNKNOWN = '40003'

/** A connection that is given up as a whole when the server says nothing: what stands in line behind the statement, such as a rollback, would wait as long again. */
class Client extends pg.Client {
  isSilent = false
  /** @type {boolean | undefined} what the server told last; undefined when it tells nothing, as a pooler */
  isReadOnly
  /** @type {Error | undefined} why nothing that this server answers counts any more */
  doubt

  /** @param {pg.ClientConfig} config */
  constructor(config) {
    super(config)
    // PostgreSQL 14 and later tell with the next answer that they only read from now on: as one does that was fenced because another took its place.
    this.connection.on('parameterStatus', ({ parameterName: name, parameterValue: value }) => {
      if (name !== 'default_transaction_read_only') return
      const wasWritable = this.isReadOnly === false
      this.isReadOnly = value === 'on'
      if (wasWritable && this.isReadOnly) this.doubt = toError('The server only reads since a moment ago', READ_ONLY)
    })
    // Somebody cancelled the wait for the standby: the server then calls done what a fail-over would lose.
    this.on('notice', ({ routine }) => {
      if (routine !== 'SyncRepWaitForLSN') return
      this.doubt = toError('The standby has not got what was written', OUTCOME_UNKNOWN)
    })
  }

  /** @param {Parameters<pg.Client['query']>} args */
  query(...args) {
    /** @type {unknown} */
    const result = super.query(...args)
    if (result instanceof Promise) {
      result.catch((error) => {
        this.isSilent ||= /Query read timeout/.test(error.message)
        if (this.isSilent) this.drop()
      })
    }
    return result
  }

  /** Without the goodbye, which a server that is gone would not answer. */
  drop() {
    this.connection.stream.destroy()
  }
}

/** @type {typeof import('./index.d.mts').openPostgres} */
export async function openPostgres({
  url,
  schema,
  migrationsFolder,
  migrationLock,
  connections = 10,
  queryTimeoutMs = QUERY_TIMEOUT_MS,
  onLost = () => {},
}) {
  await migrateAlone(url, { migrationsFolder, migrationLock, queryTimeoutMs })
  const members = createMembers()
  const pool = new pg.Pool({
    Client,
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: queryTimeoutMs,
    maxLifetimeSeconds: MAX_LIFETIME_SECONDS,
    onConnect: members.admit,
    ...((await takesStatementTimeout(url)) && STATEMENT_TIMEOUT),
  })
  // Without listeners, for those in the pool and those in use, a connection that breaks ends the process.
  pool.on('error', onLost)
  pool.on('connect', (client) => client.on('error', () => {}))
  pool.on('connect', (client) => members.open.add(client))
  pool.on('remove', (client) => members.open.delete(client))
  const use = createUse(pool, members)
  const db = drizzle({ query: (text, values) => use((client) => client.query(text, values)) }, { schema })
  return {
    db: Object.assign(db, { transaction: createTransaction(use, (client) => drizzle(client, { schema })) }),
    close: createClose(pool, members.open),
  }
}

/** The connections of a pool, whether they are in use or not. A standby is not admitted; one that leads to another server than the last before shows that all before it are outdated. */
function createMembers() {
  /** @type {Set<Client>} */
  const open = new Set()
  /** @type {WeakSet<Client>} */
  const outdated = new WeakSet()
  /** @type {string | undefined} */
  let server
  const outdate = () => {
    for (const one of open) outdated.add(one)
  }
  return {
    open,
    outdate,
    /** @param {Client} client */
    isOutdated: (client) => outdated.has(client),
    /** @param {pg.ClientBase} client */
    admit: async (client) => {
      const { rows } = await client.query(
        'select pg_is_in_recovery() as standby, pg_postmaster_start_time()::text as server',
      )
      const [row] = rows
      if (row.standby) throw toError('The server is a standby', READ_ONLY)
      if (server !== row.server) outdate()
      server = row.server
    },
  }
}

/**
 * Lends connections. One whose use failed is not used again. When one shows that its server is no primary any more, or is gone, all others that are open by then are as old: none of them is lent again either.
 *
 * @param {pg.Pool} pool
 * @param {ReturnType<typeof createMembers>} members
 */
function createUse(pool, { outdate, isOutdated }) {
  /** @returns {Promise<Client & pg.PoolClient>} */
  const lend = async () => {
    const client = await pool.connect()
    if (!isOutdated(client)) return client
    client.drop()
    client.release(true)
    return lend()
  }
  /**
   * @template T
   * @param {(client: pg.PoolClient) => Promise<T>} run
   */
  return async (run) => {
    const client = await lend()
    let failed = true
    try {
      const result = await run(client)
      if (client.doubt !== undefined) throw client.doubt
      failed = false
      return result
    } catch (error) {
      if (client.isSilent || client.doubt !== undefined || isReadOnly(error)) outdate()
      throw error
    } finally {
      // One that only reads may soon be no primary any more, and would not tell: whoever reads next follows the address anew.
      client.release(failed || client.isReadOnly)
    }
  }
}

/**
 * In one transaction, which asks for the lock as long as it takes and gives it up when it ends. A lock of the session would stay behind in a pooler such as PgBouncer, whose connections outlive ours. It asks again and again:
 * whoever waits for one answer cannot tell a lock that is held from a server that is gone.
 *
 * @param {string} url
 * @param {{ migrationsFolder: string, migrationLock: number, queryTimeoutMs: number }} options
 */
async function migrateAlone(url, { migrationsFolder, migrationLock, queryTimeoutMs }) {
  const soon = { query_timeout: queryTimeoutMs }
  const lock = { text: 'select pg_try_advisory_xact_lock($1) as held', values: [migrationLock], ...soon }
  await withClient({ connectionString: url, query_timeout: MIGRATION_TIMEOUT_MS }, async (client) => {
    await client.query({ text: 'begin', ...soon })
    while (!(await client.query(lock)).rows[0].held) await sleep(LOCK_POLL_MS)
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
  const client = new Client({ ...config, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
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
 * @param {ReturnType<typeof createUse>} use
 * @param {(client: pg.PoolClient) => import('drizzle-orm/node-postgres').NodePgDatabase<Schema>} open
 * @returns {import('drizzle-orm/node-postgres').NodePgDatabase<Schema>['transaction']}
 */
function createTransaction(use, open) {
  /** @type {WeakMap<pg.PoolClient, import('drizzle-orm/node-postgres').NodePgDatabase<Schema>>} */
  const known = new WeakMap()
  /** @param {pg.PoolClient} client */
  const toDatabase = (client) => {
    const database = known.get(client) ?? open(client)
    known.set(client, database)
    return database
  }
  return (run, config) => use((client) => toDatabase(client).transaction(run, config))
}

/**
 * The pool's own `end` waits for ever for a connection whose user never gives it back.
 *
 * @param {pg.Pool} pool
 * @param {Set<Client>} open
 */
function createClose(pool, open) {
  return async () => {
    await Promise.race([pool.end(), sleep(GRACE_MS, undefined, { ref: false })])
    // Nobody waits for these: a server that hangs would not answer the goodbye either.
    for (const client of open) void client.end().catch(() => {})
  }
}

/**
 * @param {string} message
 * @param {string} code a SQLSTATE
 */
function toError(message, code) {
  return Object.assign(new Error(message), { code })
}

/** @param {unknown} error */
function causeOf(error) {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error
}

/** @param {unknown} error */
function isReadOnly(error) {
  const cause = causeOf(error)
  return cause instanceof Error && 'code' in cause && cause.code === READ_ONLY
}

/** @type {typeof import('./index.d.mts').isDatabaseAway} */
export function isDatabaseAway(error) {
  const cause = causeOf(error)
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
