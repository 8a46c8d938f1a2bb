import { eq, lte, sql } from 'drizzle-orm'
import type { Database, Queryable } from '../db/database.ts'
import { supportContributions, supportSync } from '../db/schema.ts'
import { readSupporters, type Supporters, type SupportersSource, SupportSyncError } from './buy-me-a-coffee.ts'
import { removeOtherContributions, storeContributions } from './contribution.ts'

/** For how long a process that began to read is left alone; one that dies is followed by another after that. */
const claimMs = 60_000
/** No page is begun after that, so that nothing is stored when the claim may be another's: it would be older than theirs. */
const readingMs = 45_000
const afterSuccessMs = 240_000
const afterFailureMs = 30_000

const ourSource = 'buymeacoffee'

/** Who is no longer in a whole list is forgotten. */
async function storeSupporters(
  db: Queryable,
  { contributions, extent }: Supporters,
  isEmptyBelieved: boolean,
): Promise<void> {
  const isWhole = extent === 'whole' || (extent === 'said-empty' && isEmptyBelieved)
  if (contributions.length === 0 && !isWhole) {
    const isSource = eq(supportContributions.source, ourSource)
    const before = await db.select({ id: supportContributions.id }).from(supportContributions).where(isSource).limit(1)
    if (before.length > 0) {
      throw new SupportSyncError('the list is said to be empty, and was not before')
    }
  }
  await storeContributions(db, contributions)
  if (isWhole) await removeOtherContributions(db, { source: ourSource, kept: contributions })
}

export type SyncOutcome = 'synced' | 'not-due' | 'failed'

/**
 * Reads all supporters, stores them and forgets who is gone, unless another process is at it or it was done a short while ago. When it fails, what
 * is stored and its time stay as they are. A list that is only said to be empty fails where there were supporters, unless `isEmptyBelieved`. Never
 * rejects for the other side's sake.
 */
export async function syncSupport(
  db: Database,
  options: { source: SupportersSource; now: () => Date; isEmptyBelieved?: boolean },
): Promise<SyncOutcome> {
  const { source, now, isEmptyBelieved = false } = options
  const after = (ms: number): Date => new Date(now().getTime() + ms)
  const lateAt = after(readingMs)
  const claimed = await db
    .update(supportSync)
    .set({ nextAt: after(claimMs) })
    .where(lte(supportSync.nextAt, now()))
    .returning({ id: supportSync.id })
  if (claimed.length === 0) return 'not-due'
  try {
    const supporters = await readSupporters(source, () => now() >= lateAt)
    await db.transaction(async (tx) => {
      await storeSupporters(tx, supporters, isEmptyBelieved)
      await tx
        .update(supportSync)
        .set({ nextAt: after(afterSuccessMs), syncedAt: now() })
        .where(eq(supportSync.id, 1))
    })
    return 'synced'
  } catch (error) {
    console.error(error instanceof Error && 'code' in error ? error.message : 'Cannot read the supporters')
    await db
      .update(supportSync)
      .set({ nextAt: after(afterFailureMs) })
      .where(sql`true`)
    return 'failed'
  }
}
