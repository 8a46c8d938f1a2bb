import { and, eq, notInArray, sql } from 'drizzle-orm'
import type { Queryable } from '../db/database.ts'
import { supportContributions } from '../db/schema.ts'

export type Contribution = Omit<typeof supportContributions.$inferInsert, 'id'>

const batch = 200
const incoming = (column: string) => sql.raw(`excluded.${column}`)

/** Stores contributions by source and id; one that is there already takes the new amount, status and name. */
export async function storeContributions(db: Queryable, contributions: readonly Contribution[]): Promise<void> {
  for (let from = 0; from < contributions.length; from += batch) {
    await db
      .insert(supportContributions)
      .values(contributions.slice(from, from + batch))
      .onConflictDoUpdate({
        target: [supportContributions.source, supportContributions.sourceId],
        set: {
          amountMinor: incoming('amount_minor'),
          currency: incoming('currency'),
          status: incoming('status'),
          name: incoming('name'),
          supporterKey: incoming('supporter_key'),
          supportedAt: incoming('supported_at'),
        },
      })
  }
}

/** Deletes what came from `source` and is not among `kept`, with the names in it. */
export async function removeOtherContributions(
  db: Queryable,
  { source, kept }: { source: Contribution['source']; kept: readonly Contribution[] },
): Promise<void> {
  const ids = kept.map(({ sourceId }) => sourceId)
  await db
    .delete(supportContributions)
    .where(and(eq(supportContributions.source, source), notInArray(supportContributions.sourceId, ids)))
}
