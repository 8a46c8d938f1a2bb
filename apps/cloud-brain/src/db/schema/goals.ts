import { date, doublePrecision, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** What a user aims at: one goal for each metric. `since` is the local day it was first set. */
export const goals = pgTable(
  'goals',
  {
    userId: uuid('user_id').notNull(),
    metric: text('metric').notNull(),
    period: text('period').notNull(),
    direction: text('direction').notNull(),
    target: doublePrecision('target').notNull(),
    since: date('since', { mode: 'string' }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.metric] })],
)
