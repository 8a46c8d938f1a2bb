import { desc, eq, inArray, sql } from 'drizzle-orm'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { UserId } from '../auth/user-id.ts'
import type { Database, Transaction } from '../db/database.ts'
import { invalidationOutbox } from '../db/schema/index.ts'
import { toLogError } from '../log-error.ts'

/** Cache tags that must be invalidated, and the row that remembers them until they are. */
type PendingInvalidation = { id: number; tags: readonly string[] }

const Waiting = z.array(z.object({ id: z.int(), tags: z.array(z.string()) }))

/** Carries invalidations from a committed transaction to the cache, over crashes and outages. */
export type Outbox = {
  /**
   * Notes the tags in the transaction that makes them stale. What it gives to deliver is these and what waits for the user already:
   * when the write is the repetition of one whose answer was lost, that one may have changed more. One statement.
   */
  write(tx: Transaction, change: { userId: UserId; tags: readonly string[] }): Promise<readonly PendingInvalidation[]>
  /** Invalidates after the commit. Resolves when the cache has acknowledged, or has failed and will be asked again; never rejects. */
  deliver(pending: readonly PendingInvalidation[]): Promise<void>
  /**
   * Delivers what waits for a user, before an answer that tells of an earlier write and writes nothing itself. One statement when
   * nothing waits; never rejects.
   */
  settle(userId: UserId): Promise<void>
  /** Delivers whatever an earlier life or an outage left behind; never rejects. */
  drain(): Promise<void>
  /** Drains every half minute: a process that was killed may never start again, and the others go on serving. */
  watch(): void
  /** Stops asking again; what is left stays in the table. */
  stop(): void
}

/** The one thing the outbox asks of a cache. */
export type Invalidator = { invalidate(tags: readonly string[]): Promise<{ readonly delivered: boolean }> }

const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 30_000
/** Of a drain, and of one user. */
const ROWS_AT_ONCE = 100
const WATCH_MS = 30_000

/** Creates the outbox of one process. Several processes may share the table: an invalidation that comes twice does no harm. */
export function createOutbox(options: { db: Database; cache: Invalidator; logger: Logger }): Outbox {
  const { db, cache, logger } = options
  let timer: NodeJS.Timeout | undefined
  let watching: NodeJS.Timeout | undefined
  let retryMs = FIRST_RETRY_MS
  let stopped = false

  /** Whether all are delivered and forgotten. */
  async function send(pending: readonly PendingInvalidation[]): Promise<boolean> {
    const tags = [...new Set(pending.flatMap((row) => row.tags))]
    const { delivered } = await cache.invalidate(tags)
    if (!delivered) return false
    const ids = pending.map(({ id }) => id)
    await db.delete(invalidationOutbox).where(inArray(invalidationOutbox.id, ids))
    return true
  }

  async function attempt(action: () => Promise<boolean>): Promise<void> {
    const done = await action().catch((error: unknown) => {
      logger.warn({ err: toLogError(error) }, 'outbox is not delivered yet')
      return false
    })
    if (done) retryMs = FIRST_RETRY_MS
    else retryLater()
  }

  function retryLater(): void {
    if (timer || stopped) return
    timer = setTimeout(() => {
      timer = undefined
      void outbox.drain()
    }, retryMs)
    timer.unref()
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
  }

  async function drainAll(): Promise<boolean> {
    for (;;) {
      const rows = await db
        .select({ id: invalidationOutbox.id, tags: invalidationOutbox.tags })
        .from(invalidationOutbox)
        .orderBy(invalidationOutbox.id)
        .limit(ROWS_AT_ONCE)
      if (rows.length === 0) return true
      if (!(await send(rows))) return false
    }
  }

  /** The latest that wait for a user. A cache that is away for long leaves more; then the next drain has the rest. */
  const waitingFor = (from: Database | Transaction, userId: UserId) =>
    from
      .select({ id: invalidationOutbox.id, tags: invalidationOutbox.tags })
      .from(invalidationOutbox)
      .where(eq(invalidationOutbox.userId, userId))
      .orderBy(desc(invalidationOutbox.id))
      .limit(ROWS_AT_ONCE)

  const outbox: Outbox = {
    write: async (tx, { userId, tags }) => {
      // What the statement itself inserts is not among what it finds.
      const earlier = sql<unknown>`(select coalesce(json_agg(waiting), '[]') from ${waitingFor(tx, userId)} waiting)`
      const [row] = await tx
        .insert(invalidationOutbox)
        .values({ userId, tags: [...tags] })
        .returning({ id: invalidationOutbox.id, earlier })
      if (!row) throw new TypeError('Cannot write the outbox: the insert must return its row')
      return [...Waiting.parse(row.earlier), { id: row.id, tags }]
    },
    deliver: (pending) => attempt(() => send(pending)),
    settle: (userId) =>
      attempt(async () => {
        const waiting = await waitingFor(db, userId)
        return waiting.length === 0 || send(waiting)
      }),
    drain: () => attempt(drainAll),
    watch: () => {
      watching ??= setInterval(() => void outbox.drain(), WATCH_MS)
      watching.unref()
    },
    stop: () => {
      stopped = true
      clearTimeout(timer)
      clearInterval(watching)
    },
  }
  return outbox
}
