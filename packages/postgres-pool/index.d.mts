import type { NodePgDatabase } from 'drizzle-orm/node-postgres'

export interface PostgresOptions<Schema extends Record<string, unknown>> {
  readonly url: string
  readonly schema: Schema
  /** A folder of drizzle-kit's migrations; those that the database lacks are applied first. */
  readonly migrationsFolder: string
  /** Any number of the application's own: instances that start together wait for one another on it while they migrate. */
  readonly migrationLock: number
  /** At most so many connections; default 10. */
  readonly connections?: number | undefined
  /** How long a server may say nothing to a statement; default 15 s. Statements of a migration have ten minutes. */
  readonly queryTimeoutMs?: number | undefined
  /** Hears that a connection broke. The query that it was running, if any, is rejected besides. */
  readonly onLost?: ((error: Error) => void) | undefined
}

export interface OpenPostgres<Schema extends Record<string, unknown>> {
  readonly db: NodePgDatabase<Schema>
  /** Always ends: connections in use may finish for three seconds, then they are cut off. */
  close(): Promise<void>
}

/**
 * Opens a pool that outlives the server's outages and migrates the database. A connection is waited for at most 5 s, a statement 10 s, and 15 s where the server does not even say that it took too
 * long; behind a pooler such as PgBouncer, which takes no setting of ours, only the 15 s hold. A connection whose transaction cannot begin or fails is closed and its place in the pool is free again. A server that only reads, or says nothing, may have been replaced, and has been when a new connection leads to another: all connections are then made anew. Once a
 * server says (PostgreSQL 14 and later) that it only reads from now on, its answer is an error, which counts as away; so is a write whose wait for the standby was cancelled. A standby is refused, and no connection is used for more than a minute. Rejects with the driver's error when the server does not answer.
 */
export declare function openPostgres<Schema extends Record<string, unknown>>(
  options: PostgresOptions<Schema>,
): Promise<OpenPostgres<Schema>>

/**
 * Whether a query failed because the database is away or cannot go on just now, and not by what it was asked: SQLSTATE classes 08 (connection), 53 (resources) and 57P (shutdown), a statement that
 * took too long (57014), one that gave way to another (40), a lock that was not had in time (55P03), a server that only reads for a while (25006), a transaction that was ended for its time (25P03, 25P04), or a socket that failed. Of drizzle-orm's errors the cause counts.
 */
export declare function isDatabaseAway(error: unknown): boolean

/** Whether the driver can use it: `postgres://` or `postgresql://`, a host (or the folder of a socket as `?host=`), name and password in %XX where need be. */
export declare function isPostgresUrl(value: string): boolean
