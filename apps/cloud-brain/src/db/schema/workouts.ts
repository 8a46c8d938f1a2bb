import { date, doublePrecision, index, integer, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** Workouts as each source reported them. `localDate` is the day of `startTime` in the user's timezone when it was stored. */
export const workouts = pgTable(
  'workouts',
  {
    userId: uuid('user_id').notNull(),
    source: text('source').notNull(),
    originalId: text('original_id').notNull(),
    activityType: text('activity_type').notNull(),
    startTime: timestamp('start_time', { withTimezone: true, mode: 'date' }).notNull(),
    localDate: date('local_date', { mode: 'string' }).notNull(),
    durationSeconds: integer('duration_seconds').notNull(),
    distanceMeters: doublePrecision('distance_meters'),
    calories: doublePrecision('calories').notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.source, table.originalId] }),
    index('workouts_user_day').on(table.userId, table.localDate),
  ],
)
