import { z } from '@hono/zod-openapi'
import { eq, sql } from 'drizzle-orm'
import type { Definition } from 'millpond'
import { Units } from '../analytics/units.ts'
import { UserId } from '../auth/user-id.ts'
import type { CachedParts } from '../cached-parts.ts'
import type { Database, Transaction } from '../db/database.ts'
import { userPreferences } from '../db/schema/index.ts'
import { TimeZone } from '../local-day.ts'
import { userTag } from './tags.ts'

const CoachPersona = z.enum(['tough_love', 'balanced', 'gentle'])
export const SubscriptionTier = z.enum(['free', 'premium'])

/** What a user chose, with the defaults filled in, and the tier they have. */
export const Preferences = z
  .object({
    coach_persona: CoachPersona,
    subscription_tier: SubscriptionTier.openapi({ description: 'Set by billing, not by the user' }),
    is_premium: z.boolean(),
    timezone: TimeZone,
    units: Units.openapi({ description: 'What texts say weights in: kilograms or pounds. Figures are metric' }),
  })
  .openapi('Preferences')

export type Preferences = z.infer<typeof Preferences>

/** What of it users may change; an empty change is refused, and so is a tier. */
export const PreferencesPatch = z
  .strictObject({ coach_persona: CoachPersona, timezone: TimeZone, units: Units })
  .partial()
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), 'must have at least one field')
  .openapi('PreferencesPatch')

export type PreferencesPatch = z.infer<typeof PreferencesPatch>

export const DEFAULT_PREFERENCES: Preferences = {
  coach_persona: 'balanced',
  subscription_tier: 'free',
  is_premium: false,
  timezone: 'UTC',
  units: 'metric',
}

/** Reads a user's preferences. One query. */
export async function readPreferences(db: Database | Transaction, userId: UserId): Promise<Preferences> {
  const { timezone, coachPersona, units, subscriptionTier } = userPreferences
  const [row] = await db
    .select({ timezone, coachPersona, units, subscriptionTier })
    .from(userPreferences)
    .where(eq(userPreferences.userId, userId))
  if (!row) return DEFAULT_PREFERENCES
  const tier = SubscriptionTier.parse(row.subscriptionTier)
  return {
    coach_persona: CoachPersona.parse(row.coachPersona),
    subscription_tier: tier,
    is_premium: tier === 'premium',
    timezone: row.timezone,
    units: Units.parse(row.units),
  }
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
export function definePreferences({ db, cache, local }: CachedParts): CachedPreferences {
  return cache.define({
    ...local,
    name: 'users.preferences',
    ttl: '15m',
    version: '2',
    input: z.object({ userId: UserId }),
    output: Preferences,
    tags: ({ userId }) => [userTag(userId), preferencesTag(userId)],
    load: ({ userId }) => readPreferences(db, userId),
  })
}
