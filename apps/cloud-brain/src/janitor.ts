import type { Logger } from 'pino'
import type { Clock } from './clock.ts'
import type { Database } from './db/database.ts'
import { deleteExpired } from './db/delete-expired.ts'
import { toLogError } from './log-error.ts'

const EVERY_MS = 3_600_000

/** Deletes what counts no more. `close` waits for what is being deleted. */
export type Janitor = { close(): Promise<void> }

/** Deletes what counts no more, now and every hour. A database that is away is asked again at the next turn. */
export function startJanitor({ db, clock, logger }: { db: Database; clock: Clock; logger: Logger }): Janitor {
  const turn = () =>
    deleteExpired(db, new Date(clock.now())).catch((error: unknown) => {
      logger.warn({ err: toLogError(error) }, 'what is over is not deleted yet')
    })
  let running = turn()
  const timer = setInterval(() => {
    running = running.then(turn)
  }, EVERY_MS)
  timer.unref()
  return {
    close: async () => {
      clearInterval(timer)
      await running
    },
  }
}
