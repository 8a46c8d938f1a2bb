import { eq, sql } from 'drizzle-orm'
import type { UserId } from '../auth/user-id.ts'
import type { Database, Transaction } from '../db/database.ts'
import { userPreferences, workouts } from '../db/schema/index.ts'
import { type Preconditions, requirePreconditions } from '../etag.ts'
import { toLocalDay } from '../local-day.ts'
import type { Outbox } from './outbox.ts'
import { lockUser, type Preferences, type PreferencesPatch, preferencesTag, readPreferences } from './preferences.ts'
import { userTag } from './tags.ts'

/**
 * Changes a user's preferences in one transaction. With another timezone every workout moves to its day there, so all
 * that is cached about the user is invalidated; otherwise only the preferences.
 *
 * @throws RequestFault 412 when the preferences as they are do not meet `preconditions`
 */
export async function changePreferences(
  { db, outbox }: { db: Database; outbox: Outbox },
  { userId, preconditions }: { userId: UserId; preconditions: Preconditions },
  patch: PreferencesPatch,
): Promise<Preferences> {
  const { after, pending } = await db.transaction(async (tx) => {
    await lockUser(tx, userId)
    const before = await readPreferences(tx, userId)
    await requirePreconditions(preconditions, before)
    const after: Preferences = {
      ...before,
      coach_persona: patch.coach_persona ?? before.coach_persona,
      timezone: patch.timezone ?? before.timezone,
      units: patch.units ?? before.units,
    }
    const chosen = { timezone: after.timezone, coachPersona: after.coach_persona, units: after.units }
    await tx
      .insert(userPreferences)
      .values({ userId, ...chosen })
      .onConflictDoUpdate({ target: userPreferences.userId, set: { ...chosen, updatedAt: sql`now()` } })
    const moves = after.timezone !== before.timezone
    if (moves) await moveWorkouts(tx, userId, after.timezone)
    const tags = [moves ? userTag(userId) : preferencesTag(userId)]
    return { after, pending: await outbox.write(tx, { userId, tags }) }
  })
  await outbox.deliver(pending)
  return after
}

async function moveWorkouts(tx: Transaction, userId: UserId, timezone: string): Promise<void> {
  const rows = await tx
    .select({
      source: workouts.source,
      id: workouts.originalId,
      startTime: workouts.startTime,
      localDate: workouts.localDate,
    })
    .from(workouts)
    .where(eq(workouts.userId, userId))
  const moved = rows
    .map(({ source, id, startTime, localDate }) => ({
      source,
      id,
      from: localDate,
      day: toLocalDay(startTime, timezone),
    }))
    .filter(({ from, day }) => from !== day)
  if (moved.length === 0) return
  await tx.execute(sql`
    update workouts set local_date = moved.day
    from jsonb_to_recordset(${JSON.stringify(moved)}::jsonb) as moved(source text, id text, day date)
    where workouts.user_id = ${userId} and workouts.source = moved.source and workouts.original_id = moved.id`)
}
