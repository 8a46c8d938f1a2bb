import { z } from '@hono/zod-openapi'
import { eq, sql } from 'drizzle-orm'
import type { Cache, Definition } from 'millpond'
import { UserId } from '../auth/user-id.ts'
import type { Database, Transaction } from '../db/database.ts'
import { userPreferences } from '../db/schema/index.ts'
import { TimeZone } from '../local-day.ts'
import { userTag } from './tags.ts'

/** What a user chose, with the defaults filled in. */
export const Preferences = z.object({ timezone: TimeZone }).openapi('Preferences')

export type Preferences = z.infer<typeof Preferences>

/** What of it may be changed; an empty change is refused. */
export const PreferencesPatch = Preferences.partial()
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), 'must have at least one field')
  .openapi('PreferencesPatch')

export type PreferencesPatch = z.infer<typeof PreferencesPatch>

export const DEFAULT_PREFERENCES: Preferences = { timezone: 'UTC' }

/** Reads a user's preferences. One query. */
export async function readPreferences(db: Database | Transaction, userId: UserId): Promise<Preferences> {
  const [row] = await db
    .select({ timezone: userPreferences.timezone })
    .from(userPreferences)
    .where(eq(userPreferences.userId, userId))
  return row ?? DEFAULT_PREFERENCES
}

/** Makes this transaction the only one that writes the user's data until it ends. */
export async function lockUser(tx: Transaction, userId: UserId): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${userId}, 0))`)
}

/** Everything cached that depends on a user's preferences. */
export function preferencesTag(userId: UserId): string {
  return `preferences:${userId}`
}

/** A user's preferences, cached for 15 minutes or until they change. */
export type CachedPreferences = Definition<[input: { userId: string }], Preferences>

/** Defines the cached preferences, so that a request for "today" does without the database. */
export function definePreferences({ db, cache }: { db: Database; cache: Cache }): CachedPreferences {
  return cache.define({
    name: 'users.preferences',
    ttl: '15m',
    input: z.object({ userId: UserId }),
    output: Preferences,
    tags: ({ userId }) => [userTag(userId), preferencesTag(userId)],
    load: ({ userId }) => readPreferences(db, userId),
  })
}
