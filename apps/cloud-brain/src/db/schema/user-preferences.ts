import { pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** What a user chose. A user without a row has the defaults. */
export const userPreferences = pgTable('user_preferences', {
  userId: uuid('user_id').primaryKey(),
  timezone: text('timezone').notNull().default('UTC'),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
})
