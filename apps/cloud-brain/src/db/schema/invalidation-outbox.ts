import { bigint, index, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** Cache tags still to be invalidated, written in the transaction that changed the user's data and removed once delivered. */
export const invalidationOutbox = pgTable(
  'invalidation_outbox',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    /** Null in rows of a version that did not note it. */
    userId: uuid('user_id'),
    tags: text('tags').array().notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [index('invalidation_outbox_user').on(table.userId, table.id)],
)
