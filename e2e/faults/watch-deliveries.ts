import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Operation, Write } from './history.ts'

/**
 * Notes in each acknowledged write since when its invalidation is delivered: since the outbox of the database, asked after the acknowledgement, holds nothing of its user. Returns how
 * to stop.
 */
export function watchDeliveries(databaseUrl: string, operations: readonly Operation[]): () => Promise<void> {
  let isOver = false
  let looked = 0
  let waiting: Write[] = []

  async function look(client: pg.Client): Promise<void> {
    const startedAt = performance.now()
    for (const operation of operations.slice(looked)) {
      if (operation.kind === 'write' && operation.status === 200) waiting.push(operation)
    }
    looked = operations.length
    const { rows } = await client.query('SELECT tags FROM invalidation_outbox')
    const outstanding = JSON.stringify(rows)
    const endedAt = performance.now()
    waiting = waiting.filter((write) => {
      if (write.endedAt > startedAt || outstanding.includes(write.user)) return true
      write.deliveredAt = endedAt
      return false
    })
  }

  async function run(): Promise<void> {
    while (!isOver) {
      const client = new pg.Client({ connectionString: databaseUrl })
      client.on('error', () => {})
      try {
        await client.connect()
        while (!isOver) {
          await look(client)
          await delay(25)
        }
      } catch {
        // PostgreSQL is one of those that are killed.
        await delay(100)
      } finally {
        await client.end().catch(() => {})
      }
    }
  }

  const running = run()
  return async () => {
    isOver = true
    await running
  }
}
