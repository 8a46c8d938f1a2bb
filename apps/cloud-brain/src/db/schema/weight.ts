import { date, doublePrecision, index, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** Body weight. One row per user, source and day. */
export const weight = pgTable(
  'weight',
  {
    userId: uuid('user_id').notNull(),
    source: text('source').notNull(),
    date: date('date', { mode: 'string' }).notNull(),
    weightKg: doublePrecision('weight_kg').notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.source, table.date] }),
    index('weight_user_day').on(table.userId, table.date),
  ],
)
