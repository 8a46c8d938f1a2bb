import { date, doublePrecision, index, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** What was eaten in a day. One row per user, source and day. */
export const nutrition = pgTable(
  'nutrition',
  {
    userId: uuid('user_id').notNull(),
    source: text('source').notNull(),
    date: date('date', { mode: 'string' }).notNull(),
    calories: doublePrecision('calories').notNull(),
    proteinGrams: doublePrecision('protein_grams'),
    carbsGrams: doublePrecision('carbs_grams'),
    fatGrams: doublePrecision('fat_grams'),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.source, table.date] }),
    index('nutrition_user_day').on(table.userId, table.date),
  ],
)
