import { date, doublePrecision, index, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** Nights, dated by the morning they end on. One row per user, source and day. */
export const sleep = pgTable(
  'sleep',
  {
    userId: uuid('user_id').notNull(),
    source: text('source').notNull(),
    date: date('date', { mode: 'string' }).notNull(),
    hours: doublePrecision('hours').notNull(),
    qualityScore: doublePrecision('quality_score'),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.source, table.date] }),
    index('sleep_user_day').on(table.userId, table.date),
  ],
)
