import { pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** What a user chose, and the tier that billing gave them. A user without a row has the defaults. */
export const userPreferences = pgTable('user_preferences', {
  userId: uuid('user_id').primaryKey(),
  timezone: text('timezone').notNull().default('UTC'),
  coachPersona: text('coach_persona').notNull().default('balanced'),
  units: text('units').notNull().default('metric'),
  subscriptionTier: text('subscription_tier').notNull().default('free'),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
})
