import { bigint, pgTable, text, timestamp } from 'drizzle-orm/pg-core'

/** Cache tags still to be invalidated, written in the transaction that changed the data and removed once delivered. */
export const invalidationOutbox = pgTable('invalidation_outbox', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  tags: text('tags').array().notNull(),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
})
