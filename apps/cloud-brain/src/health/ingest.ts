import type { UserId } from '../auth/user-id.ts'
import type { Database } from '../db/database.ts'
import type { BatchItems, Envelope, IngestResult, Kind } from './ingest-batch.ts'
import type { Outbox } from './outbox.ts'
import { lockUser, readPreferences } from './preferences.ts'
import { sortItems } from './sort-items.ts'
import { storeItems } from './store-items.ts'
import { touchedTags } from './tags.ts'

/** Stores one user's batch. */
export type Ingest = (userId: UserId, envelope: Envelope) => Promise<IngestResult>

/**
 * Creates the ingest. Good items are stored in one transaction together with the cache tags they make stale; bad ones are
 * reported. It resolves when readers of this process can no longer meet an older answer.
 */
export function createIngest({ db, outbox }: { db: Database; outbox: Outbox }): Ingest {
  return async (userId, envelope) => {
    const { accepted, rejected } = sortItems(envelope)
    const counts = toCounts(accepted)
    const stored = Object.values(counts).reduce((sum, count) => sum + count, 0)
    const affectedDates = stored === 0 ? [] : await store(userId, envelope.source, accepted)
    return {
      success: stored > 0 || rejected.length === 0,
      message: toMessage(stored, rejected.length),
      counts,
      affected_dates: affectedDates,
      rejected,
    }
  }

  async function store(userId: UserId, source: string, items: BatchItems): Promise<string[]> {
    const { dates, pending } = await db.transaction(async (tx) => {
      await lockUser(tx, userId)
      const { timezone } = await readPreferences(tx, userId)
      const dates = await storeItems(tx, { userId, source, timezone }, items)
      return { dates, pending: await outbox.write(tx, touchedTags(userId, dates)) }
    })
    await outbox.deliver(pending)
    return dates
  }
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
