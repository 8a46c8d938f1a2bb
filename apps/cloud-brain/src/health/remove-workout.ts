import { and, eq } from 'drizzle-orm'
import type { UserId } from '../auth/user-id.ts'
import type { Database } from '../db/database.ts'
import { workouts } from '../db/schema/index.ts'
import type { Outbox } from './outbox.ts'
import { lockUser } from './preferences.ts'
import { touchedTags } from './tags.ts'

/** Removes one workout that its source no longer has. Resolves when readers of this process can no longer meet it. */
export async function removeWorkout(
  { db, outbox }: { db: Database; outbox: Outbox },
  { userId, source, originalId }: { userId: UserId; source: string; originalId: string },
): Promise<void> {
  const pending = await db.transaction(async (tx) => {
    await lockUser(tx, userId)
    const removed = await tx
      .delete(workouts)
      .where(and(eq(workouts.userId, userId), eq(workouts.source, source), eq(workouts.originalId, originalId)))
      .returning({ date: workouts.localDate })
    if (removed.length === 0) return undefined
    const dates = removed.map(({ date }) => date)
    return outbox.write(tx, { userId, tags: touchedTags(userId, dates) })
  })
  if (pending) await outbox.deliver(pending)
}
