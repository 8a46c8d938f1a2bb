import type { drizzle } from 'drizzle-orm/node-postgres'
import type { Pool, PoolClient } from 'pg'
import type { Database } from './database.ts'
import * as schema from './schema/index.ts'

/**
 * Transactions on connections of a pool that always come back to it.
 *
 * Drizzle's own keeps the connection when `begin` fails, which is what happens when the server has just gone away: a few
 * of these and the pool has none left, also once the server is back. A connection whose transaction failed is closed
 * instead of used again, because it may still be busy with a statement that was given up.
 */
export function pooledTransaction(pool: Pool, open: typeof drizzle): Database['transaction'] {
  const known = new WeakMap<PoolClient, Database>()
  const toDatabase = (client: PoolClient): Database => {
    const database = known.get(client) ?? open(client, { schema })
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
