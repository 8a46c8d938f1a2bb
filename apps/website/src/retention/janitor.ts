import type { Queryable } from '../db/database.ts'
import { type Deleted, deleteExpired } from './delete-expired.ts'

const everyMs = 3_600_000

export interface Janitor {
  /** Waits for what is being deleted. */
  close(): Promise<void>
}

/** Deletes what has been kept for its time, now and every hour. A database that is away is asked again at the next turn. */
export function startJanitor(options: {
  db: Queryable
  now: () => Date
  /** Told when something went. */
  onDeleted: (deleted: Deleted) => Promise<void>
}): Janitor {
  const { db, now, onDeleted } = options
  const turn = async (): Promise<void> => {
    try {
      const deleted = await deleteExpired(db, now())
      if (Object.values(deleted).some((count) => count > 0)) await onDeleted(deleted)
    } catch (error) {
      console.error(`Cannot delete what is over: ${error instanceof Error ? error.name : 'unknown error'}`)
    }
  }
  let running = turn()
  const timer = setInterval(() => {
    running = running.then(turn)
  }, everyMs)
  timer.unref()
  return {
    async close() {
      clearInterval(timer)
      await running
    },
  }
}
