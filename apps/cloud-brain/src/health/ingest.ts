import type { UserId } from '../auth/user-id.ts'
import type { Clock } from '../clock.ts'
import type { Database, Transaction } from '../db/database.ts'
import { digestOf, findAnswer, keepAnswer } from './idempotency.ts'
import type { BatchItems, Envelope, IngestResult, Kind } from './ingest-batch.ts'
import type { Outbox } from './outbox.ts'
import { lockUser, readPreferences } from './preferences.ts'
import { sortItems } from './sort-items.ts'
import { storeItems } from './store-items.ts'
import { touchedTags } from './tags.ts'

/** Stores one user's batch. `replayed`: the answer is the one that an earlier request with the same key got. */
export type Ingest = (
  request: { userId: UserId; idempotencyKey?: string | undefined },
  envelope: Envelope,
) => Promise<{ result: IngestResult; replayed: boolean }>

/** The answer that an earlier request with the same key and body got, or will have got when it ends. Stores nothing of the batch; 409 when its body was another. */
export type FindReplay = (
  request: { userId: UserId; idempotencyKey: string },
  envelope: Envelope,
) => Promise<IngestResult | undefined>

/**
 * Creates the ingest. Good items are stored in one transaction together with the cache tags they make stale; bad ones are
 * reported. It resolves when readers of this process can no longer meet an older answer, also when it is a replay.
 *
 * A request with a key does its work once: the answer is stored in the same transaction, and whoever comes with the key
 * within a day, also at the same moment, gets that answer.
 */
export function createIngest({ db, outbox, clock }: { db: Database; outbox: Outbox; clock: Clock }): Ingest {
  return async ({ userId, idempotencyKey }, envelope) => {
    const sorted = sortItems(envelope)
    if (idempotencyKey === undefined && countOf(sorted.accepted) === 0) {
      return { result: toResult(sorted, []), replayed: false }
    }
    const keyed =
      idempotencyKey === undefined ? undefined : toKeyed({ userId, idempotencyKey, clock }, envelope.source, sorted)
    const done = await db.transaction(async (tx) => {
      await lockUser(tx, userId)
      const earlier = keyed ? await findAnswer(tx, keyed) : undefined
      if (earlier) return { result: earlier, replayed: true, pending: undefined }
      const dates = await store(tx, { userId, source: envelope.source }, sorted.accepted)
      const result = toResult(sorted, dates)
      if (keyed) await keepAnswer(tx, keyed, result)
      const pending =
        dates.length === 0 ? undefined : await outbox.write(tx, { userId, tags: touchedTags(userId, dates) })
      return { result, replayed: false, pending }
    })
    if (done.pending) await outbox.deliver(done.pending)
    if (done.replayed) await outbox.settle(userId)
    return { result: done.result, replayed: done.replayed }
  }
}

/** Creates the search for what a request would be answered with that may store nothing more. */
export function createFindReplay({ db, outbox, clock }: { db: Database; outbox: Outbox; clock: Clock }): FindReplay {
  return async ({ userId, idempotencyKey }, envelope) => {
    const keyed = toKeyed({ userId, idempotencyKey, clock }, envelope.source, sortItems(envelope))
    const earlier = await db.transaction(async (tx) => {
      await lockUser(tx, userId)
      return findAnswer(tx, keyed)
    })
    if (earlier) await outbox.settle(userId)
    return earlier
  }
}

function toKeyed(
  { userId, idempotencyKey, clock }: { userId: UserId; idempotencyKey: string; clock: Clock },
  source: string,
  sorted: ReturnType<typeof sortItems>,
) {
  return { userId, key: idempotencyKey, digest: digestOf(source, sorted), now: new Date(clock.now()) }
}

async function store(
  tx: Transaction,
  { userId, source }: { userId: UserId; source: string },
  items: BatchItems,
): Promise<string[]> {
  if (countOf(items) === 0) return []
  const { timezone } = await readPreferences(tx, userId)
  return storeItems(tx, { userId, source, timezone }, items)
}

function toResult({ accepted, rejected }: ReturnType<typeof sortItems>, dates: string[]): IngestResult {
  const stored = countOf(accepted)
  return {
    success: stored > 0 || rejected.length === 0,
    message: toMessage(stored, rejected.length),
    counts: toCounts(accepted),
    affected_dates: dates,
    rejected,
  }
}

function countOf(items: BatchItems): number {
  return Object.values(toCounts(items)).reduce((sum, count) => sum + count, 0)
}

function toCounts(items: BatchItems): IngestResult['counts'] {
  const { workouts, sleep, nutrition, weight, daily_metrics } = items
  return {
    workouts: workouts.length,
    sleep: sleep.length,
    nutrition: nutrition.length,
    weight: weight.length,
    daily_metrics: daily_metrics.length,
  } satisfies Record<Kind, number>
}

function toMessage(stored: number, rejected: number): string {
  const items = (count: number) => `${count} ${count === 1 ? 'item' : 'items'}`
  return rejected === 0 ? `${items(stored)} stored` : `${items(stored)} stored, ${items(rejected)} rejected`
}
